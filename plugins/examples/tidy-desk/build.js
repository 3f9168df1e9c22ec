// Makes `component.wasm` of `src/connector.js`: the JavaScript engine with the modules already evaluated. What comes out
// imports the contract and nothing else.

import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { componentize } from '@bytecodealliance/componentize-js';

// Modules are found relative to here, whoever calls.
process.chdir(fileURLToPath(new URL('.', import.meta.url)));

const { component } = await componentize({
  sourcePath: 'src/connector.js',
  // The contract. In a repository of your own: a copy of jackfield's `wit/`.
  witPath: fileURLToPath(new URL('../../../wit', import.meta.url)),
  worldName: 'connector',
  // All that the engine would take from WASI. The host refuses `wasi:http` and has its own words for the rest: time comes
  // with the call, and log lines go through `jackfield:connector/log`.
  disableFeatures: ['stdio', 'random', 'clocks', 'http', 'fetch-event'],
});
await writeFile('component.wasm', component);
