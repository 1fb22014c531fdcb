// Puts the page together: a phone for each person, the world outside, the counter; tabs where the window is narrow.
import { makeCounter } from './counter.js';
import { ask, h, note } from './dom.js';
import { makeOutside } from './outside.js';
import { Phone } from './phone.js';

const setup = await ask('GET', '/setup.json');
const stage = document.getElementById('stage');
const tabs = document.getElementById('tabs');

document.getElementById('network').textContent = `${setup.network.kind} · ${setup.network.bitcoinNetwork}`;

const phones = setup.people.map((person) => new Phone(person, setup.bots));
const parts = [
  ...phones.map((phone) => ({ name: phone.name, element: phone.element })),
  { name: 'Outside', element: makeOutside(phones) },
  { name: 'Counter', element: makeCounter() },
];

for (const { name, element } of parts) {
  stage.append(element);
  const show = () => element.scrollIntoView({ behavior: 'smooth', inline: 'center', block: 'nearest' });
  tabs.append(h('button', { type: 'button', testid: `tab-${name.toLowerCase()}`, on: { click: show } }, name));
}

// On a narrow window the tab of the part in view is marked.
const observer = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      const index = parts.findIndex(({ element }) => element === entry.target);
      tabs.children[index]?.classList.toggle('current', entry.isIntersecting);
    }
  },
  { root: stage, threshold: 0.6 },
);
for (const { element } of parts) observer.observe(element);

// One line of events for all phones: a browser allows only a few to one server, over all its tabs.
const live = document.getElementById('live');
const events = new EventSource('/people/events');
events.onopen = () => showLive(true);
events.onerror = () => showLive(false);
events.onmessage = ({ data }) => {
  const event = JSON.parse(data);
  for (const phone of phones) phone.hear(event);
};

function showLive(isLive) {
  live.textContent = isLive ? 'live' : 'reconnecting';
  live.classList.toggle('on', isLive);
  if (!isLive) return;
  // Whatever happened while the line was down is read anew.
  for (const phone of phones) phone.refresh().catch((error) => note(`${phone.name}: ${error.message}`, 'error'));
}
