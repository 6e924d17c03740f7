// One field of a form, made from its schema; objects and lists hold further ones.
import { html, useId, useState } from '../view.js';
import { Icon } from '../parts/icon.js';
import { INVALID, choices, initial, kind, settled } from './schema.js';

/** Strings whose name says they are long get room. */
const LONG = /(text|content|body|message|prompt|query|code|script|description)$/i;

export function Field({ name, schema, root, value, change, required, path, faults, depth = 0, alone }) {
  const own = settled(schema, root);
  const is = kind(own, depth);
  const id = useId();
  const fault = faults.get(path);
  const Input = INPUTS[is];
  const group = is === 'object' || is === 'array';
  const described = [own.description && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(' ') || undefined;
  const input = html`<${Input} id=${id} name=${name} own=${own} root=${root} value=${value} change=${change} required=${required} path=${path} faults=${faults} depth=${depth} invalid=${Boolean(fault)} described=${described} />`;
  if (alone) return input;
  const label = html`${own.title && own.title !== name ? html`${own.title} <code>${name}</code>` : name}${required ? html`<span class="needed" title="Required">*</span>` : html`<span class="faint optional">optional</span>`}<span class="faint type">${typeName(own, is)}</span>`;
  const notes = html`${own.description && html`<p class="field-hint" id=${`${id}-hint`}>${own.description}</p>`}${fault && html`<p class="field-fault" id=${`${id}-fault`}><${Icon} name="alert" size=${13} />${fault}</p>`}`;
  if (group) return html`<fieldset class="field group"><legend>${label}</legend>${notes}${input}</fieldset>`;
  if (is === 'boolean') return html`<div class="field check"><label for=${id}>${input}<span>${label}</span></label>${notes}</div>`;
  return html`<div class="field"><label for=${id}>${label}</label>${input}${notes}</div>`;
}

function typeName(own, is) {
  if (is === 'raw') return 'JSON';
  if (is === 'array') return 'list';
  if (is === 'enum') return 'choice';
  return own.format ? `${is}, ${own.format}` : is;
}

const marks = ({ id, name, invalid, described, required }) => ({
  id, name, 'aria-invalid': invalid || undefined, 'aria-describedby': described, 'aria-required': required || undefined,
});

function Text(props) {
  const { name, own, value, change, required } = props;
  const heard = (event) => change(event.target.value === '' && !required ? undefined : event.target.value);
  if (LONG.test(name) && !own.format) return html`<textarea ...${marks(props)} class="input" rows="3" value=${value ?? ''} placeholder=${example(own)} onInput=${heard}></textarea>`;
  return html`<input ...${marks(props)} class="input" type="text" value=${value ?? ''} placeholder=${example(own)} spellcheck="false" onInput=${heard} />`;
}

const example = (own) => {
  const first = own.examples?.[0];
  return first === undefined ? undefined : `for example ${typeof first === 'string' ? first : JSON.stringify(first)}`;
};

function Number_(props) {
  const { own, value, change } = props;
  const [text, type] = useState(value === undefined || value === INVALID ? '' : String(value));
  const heard = (event) => {
    const typed = event.target.value.trim();
    type(typed);
    const number = Number(typed);
    change(typed === '' ? undefined : Number.isFinite(number) ? number : INVALID);
  };
  const range = [own.minimum !== undefined && `from ${own.minimum}`, own.maximum !== undefined && `to ${own.maximum}`].filter(Boolean).join(' ');
  return html`<input ...${marks(props)} class="input number" type="text" inputmode="decimal" value=${text} placeholder=${range || example(own)} onInput=${heard} />`;
}

function Check(props) {
  return html`<input ...${marks(props)} type="checkbox" checked=${props.value === true} onChange=${(event) => props.change(event.target.checked)} />`;
}

function Enum(props) {
  const all = choices(props.own);
  const at = all.findIndex((one) => one === props.value);
  return html`<select ...${marks(props)} class="input" value=${String(at)} onChange=${(event) => props.change(all[Number(event.target.value)])}>
    <option value="-1" disabled=${props.required} selected=${at < 0}>${props.required ? 'Choose…' : 'Not set'}</option>
    ${all.map((one, index) => html`<option key=${index} value=${String(index)} selected=${index === at}>${typeof one === 'string' ? one : JSON.stringify(one)}</option>`)}</select>`;
}

function Raw(props) {
  const { value, change } = props;
  const [text, type] = useState(value === undefined || value === INVALID ? '' : JSON.stringify(value, null, 2));
  const heard = (event) => {
    type(event.target.value);
    if (event.target.value.trim() === '') return change(undefined);
    try { return change(JSON.parse(event.target.value)); } catch { return change(INVALID); }
  };
  return html`<textarea ...${marks(props)} class="input mono" rows="3" spellcheck="false" placeholder="JSON" value=${text} onInput=${heard}></textarea>`;
}

function Group({ own, root, value, change, required, path, faults, depth }) {
  if (value === undefined) {
    return html`<button type="button" class="button small" onClick=${() => change(initial(own, root, true, depth))}><${Icon} name="plus" size=${13} />Set it</button>`;
  }
  const needed = new Set(own.required ?? []);
  const keys = Object.keys(own.properties).sort((a, b) => needed.has(b) - needed.has(a));
  return html`<div class="fields">${keys.map((key) => html`<${Field} key=${key} name=${key} schema=${own.properties[key]} root=${root} value=${value?.[key]}
      change=${(next) => change({ ...value, [key]: next })} required=${needed.has(key)} path=${`${path}/${key}`} faults=${faults} depth=${depth + 1} />`)}
    ${!required && depth > 0 && html`<button type="button" class="button small" onClick=${() => change(undefined)}><${Icon} name="minus" size=${13} />Leave it out</button>`}</div>`;
}

function List({ own, root, value = [], change, path, faults, depth, name }) {
  const [keys, setKeys] = useState(() => value.map((_, index) => index));
  const [next, setNext] = useState(value.length);
  const put = (index, one) => change(value.map((old, at) => (at === index ? one : old)));
  const drop = (index) => { setKeys(keys.filter((_, at) => at !== index)); change(value.filter((_, at) => at !== index)); };
  const add = () => { setKeys([...keys, next]); setNext(next + 1); change([...value, initial(own.items, root, true, depth + 1) ?? blank(own.items, root)]); };
  return html`<div class="fields">${value.map((one, index) => html`<div class="item" key=${keys[index]}>
      <${Field} name=${`${name} ${index + 1}`} schema=${own.items} root=${root} value=${one} change=${(changed) => put(index, changed)} required path=${`${path}/${index}`} faults=${faults} depth=${depth + 1} />
      <button type="button" class="button bare" aria-label=${`Take out ${name} ${index + 1}`} onClick=${() => drop(index)}><${Icon} name="trash" /></button></div>`)}
    <button type="button" class="button small" onClick=${add}><${Icon} name="plus" size=${13} />Add</button></div>`;
}

const blank = (schema, root) => (kind(settled(schema, root)) === 'string' ? '' : undefined);

const INPUTS = { string: Text, number: Number_, integer: Number_, boolean: Check, enum: Enum, raw: Raw, object: Group, array: List };
