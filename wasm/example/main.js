// The package on a bare page: `storagerent` from npm would be imported by its name.
import { open } from '../npm/engine/engine.js';

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const status = byId('status');
const button = /** @type {HTMLButtonElement} */ (byId('reserve'));
const site = await open({ name: 'example.db' });

async function show() {
  const rows = await site.query({ query: 'views' });
  byId('rows').replaceChildren(
    ...rows.map((/** @type {{ description: string, reservationStatus: string | null }} */ { description, reservationStatus }) => {
      const item = document.createElement('li');
      item.textContent = `${description}: ${reservationStatus ?? 'free'}`;
      return item;
    }),
  );
  status.textContent = `${rows.length} storages, kept in ${site.kept}`;
}

button.addEventListener('click', async () => {
  button.disabled = true;
  try {
    const { storageId } = await site.execute({ command: 'registerStorage', description: `창고 ${new Date().toISOString()}`, price: 59000, currency: 'KRW', per: 'rental' });
    await site.execute({ command: 'reserve', storageId }, { caller: { customer: 'kim' } });
  } catch (error) {
    alert(error instanceof Error ? error.message : error);
  }
  await show();
  button.disabled = false;
});

site.subscribe(() => void show());
await show();
button.disabled = false;
