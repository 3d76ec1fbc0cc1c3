// Launches Chromium with a profile of its own, so that what is kept in it is gone afterwards.
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** @param {import('playwright-core').BrowserContextOptions & { profile?: string }} [options] a profile to use again, or a new one */
export async function launch({ profile, ...options } = {}) {
  const folder = profile ?? (await mkdtemp(join(tmpdir(), 'storagerent-browser-')));
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const context = await chromium.launchPersistentContext(folder, { executablePath, headless: true, args: FLAGS, ...options });
  return {
    context,
    profile: folder,
    async close() {
      await context.close();
      await rm(folder, { recursive: true, force: true });
    },
    /** Ends the browser's own process as a power cut would; the profile stays. */
    async kill() {
      let killed = 0;
      for (const pid of await readdir('/proc')) {
        const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        if (line.includes(`--user-data-dir=${folder}`) && !line.includes('--type=')) {
          process.kill(Number(pid), 'SIGKILL');
          killed += 1;
        }
      }
      await context.close().catch(() => {});
      return killed;
    },
  };
}
