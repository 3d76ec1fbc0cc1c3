// The page's engine natively, behind the very same Site as in the browser.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Site } from '../../wasm/www/engine/engine.js';
import { Refusal } from '../../wasm/www/engine/port.js';

/** @param {string} program `engine_lines` @param {string} file */
export function openNatively(program, file) {
  const engine = spawn(program, [file], { stdio: ['pipe', 'pipe', 'inherit'] });
  /** @type {{ resolve: (answer: string) => void, reject: (error: Error) => void }[]} */
  const waiting = [];
  createInterface({ input: engine.stdout }).on('line', (line) => {
    const { resolve, reject } = /** @type {NonNullable<typeof waiting[0]>} */ (waiting.shift());
    if (line.startsWith('a')) resolve(line.slice(1));
    else reject(new Refusal(JSON.parse(line.slice(1))));
  });
  engine.on('exit', (code) => waiting.forEach(({ reject }) => reject(new Error(`the engine ended with ${code}`))));
  const port = {
    /** @param {{ ask?: string }} order */
    order: ({ ask }) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        engine.stdin.write(`${ask}\n`);
      }),
    onEvents() {},
    onBroken() {},
    end: () => engine.stdin.end(),
  };
  return { site: new Site(/** @type {any} */ (port), { lang: 'en' }), end: port.end };
}
