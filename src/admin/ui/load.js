// Asking for something, and asking again: after a break of the connection, and whenever the page wants.
import { useEffect, useRef, useState } from './view.js';
import { get } from './api.js';
import { refetch } from './live.js';

/**
 * `{ data, fault, loading, again }` of a GET. What was there stays until the new is, so nothing flickers.
 * `path` null asks nothing. `every` in ms asks again by itself.
 */
export function useLoad(path, { every, key } = {}) {
  const [told, tell] = useState({ path, data: null, fault: null, loading: true });
  const [count, setCount] = useState(0);
  const version = refetch.value;
  const asking = useRef(null);
  useEffect(() => {
    if (!path) return undefined;
    const control = new AbortController();
    asking.current = control;
    get(path, control.signal).then(
      (data) => tell({ path, data, fault: null, loading: false }),
      (fault) => {
        if (control.signal.aborted) return;
        tell((before) => ({ path, data: before.path === path ? before.data : null, fault, loading: false }));
      },
    );
    return () => control.abort();
  }, [path, count, version, key]);
  useEffect(() => {
    if (!every) return undefined;
    const timer = setInterval(() => { if (!document.hidden) setCount((n) => n + 1); }, every);
    return () => clearInterval(timer);
  }, [every]);
  const same = told.path === path;
  return {
    data: same ? told.data : null,
    /** The last answer, also of another path: for lists whose filter just changed. */
    last: told.data,
    fault: same ? told.fault : null,
    loading: !same || told.loading,
    again: () => setCount((n) => n + 1),
  };
}

/** A value that follows another once it rests. */
export function useRest(value, ms = 200) {
  const [rested, rest] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => rest(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return rested;
}
