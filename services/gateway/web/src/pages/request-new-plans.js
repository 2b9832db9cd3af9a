/* The choices of machine: place, plan, image. What cannot be ordered says why. */
import { html, nothing } from 'lit-html';
import { hindrance, typeOf } from '../lib/catalogue.js';
import { money } from '../lib/format.js';
import { fieldProblem, selectField } from '../ui/field.js';
import { icon } from '../ui/icon.js';

const COUNTRIES = new Intl.DisplayNames('en', { type: 'region' });

function countryOf(code) {
  return /^[A-Z]{2}$/.test(code) ? COUNTRIES.of(code) : code;
}

export function locationChoices(form, catalogue) {
  return html`<fieldset class="field">
    <legend class="form-label">Location</legend>
    <div class="choices">${catalogue.locations.map((place) => locationChoice(form, place))}</div>
    ${fieldProblem(form, 'location')}
  </fieldset>`;
}

function locationChoice(form, { name, city, country }) {
  return html`<label class="choice">
    <input
      type="radio"
      name="location"
      value=${name}
      .checked=${form.values.location === name}
      @change=${() => form.set('location', name)}
    />
    <span class="choice-text"><b>${city}</b><small>${countryOf(country)}, ${name}</small></span>
  </label>`;
}

export function planChoices(form, catalogue) {
  const groups = new Map();
  for (const type of catalogue.server_types) {
    const category = type.category || 'Other plans';
    groups.set(category, [...(groups.get(category) ?? []), type]);
  }
  return html`<fieldset
    class="field"
    aria-describedby=${form.errors.server_type ? 'f-server_type-problem' : nothing}
  >
    <legend class="form-label">Plan</legend>
    ${fieldProblem(form, 'server_type')}
    ${[...groups].map(
      ([category, types]) =>
        html`<div class="plan-group" role="group" aria-label=${category}>
          <h3>${category}</h3>
          <div class="plans">${types.map((type) => planCard(form, catalogue, type))}</div>
        </div>`,
    )}
  </fieldset>`;
}

function planCard(form, catalogue, type) {
  const why = hindrance(catalogue, type, form.values.location);
  const offer = type.locations.find((l) => l.name === form.values.location);
  const chosen = form.values.server_type === type.name;
  return html`<label class="plan ${why ? 'is-out' : ''}">
    <input
      type="radio"
      name="server_type"
      value=${type.name}
      .checked=${chosen}
      ?disabled=${Boolean(why) && !chosen}
      aria-invalid=${chosen && form.errors.server_type ? 'true' : 'false'}
      @change=${() => choose(form, catalogue, type)}
    />
    <span class="plan-text">
      <b>${type.description}</b>
      <span class="plan-size">
        <span>${type.cores} vCPU</span>
        <span>${type.memory_gb} GB RAM</span>
        <span>${type.disk_gb} GB disk</span>
      </span>
      ${
        why
          ? html`<span class="plan-why">${icon('ban')} ${why}</span>`
          : html`<span class="plan-price">
              <b>${money(offer.price_monthly_minor, catalogue.currency)}</b> per month
            </span>`
      }
    </span>
  </label>`;
}

/** An image for another processor would not start. */
function choose(form, catalogue, type) {
  const fits = imagesFor(catalogue, type.architecture);
  form.set('server_type', type.name);
  if (!fits.some((i) => i.name === form.values.image) && fits.length)
    form.set('image', fits[0].name);
}

function imagesFor(catalogue, architecture) {
  return catalogue.images.filter((image) => image.architecture === architecture);
}

export function imageChoices(form, catalogue) {
  const type = typeOf(catalogue, form.values.server_type);
  const images = imagesFor(catalogue, type?.architecture ?? 'x86');
  return selectField(
    form,
    'image',
    { label: 'System', cls: 'field-half' },
    images.map((image) => [image.name, image.description]),
  );
}
