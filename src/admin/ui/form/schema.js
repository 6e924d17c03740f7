// A JSON Schema as a form needs it: which kind of field, what to begin with, what is missing. Pure.

/** What a field holds while its text is no value. */
export const INVALID = Object.freeze({ invalid: true });
/** Nesting beyond this is written as JSON. */
const DEEPEST = 5;

/** The schema itself, with references followed and `null` alternatives left out. */
export function settled(schema, root, steps = 0) {
  if (schema === true || schema === undefined || schema === null || steps > 8) return {};
  if (typeof schema.$ref === 'string') {
    const target = schema.$ref.startsWith('#/') && schema.$ref.slice(2).split('/')
      .reduce((at, key) => at?.[key.replace(/~1/g, '/').replace(/~0/g, '~')], root);
    const { $ref, ...own } = schema;
    return target ? { ...settled(target, root, steps + 1), ...own } : {};
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices && !schema.properties) {
    const real = choices.filter((one) => one.type !== 'null');
    if (real.length === 1) {
      const { anyOf, oneOf, ...own } = schema;
      return { ...settled(real[0], root, steps + 1), ...own };
    }
    if (real.every((one) => 'const' in one)) return { ...schema, enum: real.map((one) => one.const), anyOf: undefined, oneOf: undefined };
  }
  if (Array.isArray(schema.type)) {
    const real = schema.type.filter((type) => type !== 'null');
    if (real.length === 1) return { ...schema, type: real[0] };
  }
  return schema;
}

/** `string`, `number`, `integer`, `boolean`, `enum`, `array`, `object`, or `raw` for what has no field. */
export function kind(schema, depth = 0) {
  if (Array.isArray(schema.enum)) return 'enum';
  if ('const' in schema) return 'enum';
  if (schema.oneOf || schema.anyOf || schema.allOf || depth > DEEPEST) return 'raw';
  if (schema.properties && (schema.type === 'object' || !schema.type)) return 'object';
  if (schema.type === 'array') return schema.items && !Array.isArray(schema.items) ? 'array' : 'raw';
  return ['string', 'number', 'integer', 'boolean'].includes(schema.type) ? schema.type : 'raw';
}

export const choices = (schema) => schema.enum ?? [schema.const];

/** What a field begins with: its default, what required objects need, or nothing. */
export function initial(schema, root, required = true, depth = 0) {
  const own = settled(schema, root);
  if (own.default !== undefined) return structuredClone(own.default);
  const is = kind(own, depth);
  if (is === 'enum' && required && choices(own).length === 1) return choices(own)[0];
  if (!required) return undefined;
  if (is === 'boolean') return false;
  if (is === 'array') return [];
  if (is === 'object') {
    const needed = new Set(own.required ?? []);
    const filled = Object.entries(own.properties).map(([key, inner]) => [key, initial(inner, root, needed.has(key), depth + 1)]);
    return Object.fromEntries(filled.filter(([, value]) => value !== undefined));
  }
  return undefined;
}

/** What is wrong with a value, as `path → sentence`. The server checks it all; this finds the plain things. */
export function faults(schema, root, value, required = true, path = '', depth = 0, found = new Map()) {
  const own = settled(schema, root);
  const is = kind(own, depth);
  if (value === INVALID) found.set(path, is === 'raw' ? 'This is no JSON.' : is === 'integer' ? 'Write a whole number.' : 'Write a number.');
  else if (value === undefined) { if (required) found.set(path, 'This is required.'); }
  else if (is === 'object' && typeof value === 'object' && value !== null) {
    const needed = new Set(own.required ?? []);
    for (const [key, inner] of Object.entries(own.properties)) faults(inner, root, value[key], needed.has(key), `${path}/${key}`, depth + 1, found);
  } else if (is === 'array' && Array.isArray(value)) {
    value.forEach((one, index) => faults(own.items, root, one, true, `${path}/${index}`, depth + 1, found));
    if (own.minItems > value.length) found.set(path, `At least ${own.minItems} are needed.`);
  } else if (typeof value === 'number') {
    if (own.minimum > value) found.set(path, `At least ${own.minimum}.`);
    if (own.maximum < value) found.set(path, `At most ${own.maximum}.`);
    if (is === 'integer' && !Number.isInteger(value)) found.set(path, 'Write a whole number.');
  } else if (typeof value === 'string') {
    if (own.minLength > value.length) found.set(path, `At least ${own.minLength} characters.`);
    if (own.maxLength < value.length) found.set(path, `At most ${own.maxLength} characters.`);
  }
  return found;
}

/** A value without what is not set. */
export function sent(value) {
  if (Array.isArray(value)) return value.map(sent);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined).map(([key, one]) => [key, sent(one)]));
}
