// The view library under one name: every other file imports it from here.
import { h, Fragment, render, createContext } from './vendor/preact.js';
import htm from './vendor/htm.js';

export const html = htm.bind(h);
export { h, Fragment, render, createContext };
export {
  useCallback, useEffect, useErrorBoundary, useId, useLayoutEffect, useMemo, useRef, useState,
} from './vendor/preact-hooks.js';
export { batch, computed, effect, signal, useComputed, useSignal, useSignalEffect } from './vendor/signals.js';

/** Class names from what is truthy. */
export const cx = (...names) => names.filter(Boolean).join(' ');
