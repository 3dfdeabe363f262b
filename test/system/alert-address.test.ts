import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  addressOfRun,
  forgetRun,
  keepAddress,
  keepRun,
  keptAddress,
  requireOwnAddress,
} from '../../src-main/system/alert-address.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

const url = 'http://127.0.0.1:9/hook';

test('is kept for the person, used for the runs that were started with it, and gone for all when it is removed', () => {
  const env = { XDG_CONFIG_HOME: temporaryFolder() };
  expect(keptAddress(env)).toBeNull();
  keepRun('r1', env);
  expect(addressOfRun('r1', env)).toBeNull();
  keepAddress(url, env);
  keepRun('r2', env);
  expect(['r1', 'r2', 'somebody else’s'].map((id) => addressOfRun(id, env))).toEqual([url, url, null]);
  forgetRun('r1', env);
  expect([addressOfRun('r1', env), addressOfRun('r2', env)]).toEqual([null, url]);
  const file = path.join(env.XDG_CONFIG_HOME, 'flipguard', 'alerts.json');
  expect(statSync(file).mode & 0o077).toBe(0);
  keepAddress(null, env);
  expect(addressOfRun('r2', env)).toBeNull();
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ address: null, runs: [] });
  writeFileSync(file, '{"addr');
  expect(keptAddress(env)).toBeNull();
});

test('needs no second consent, and no other address has that of this one', () => {
  const env = { XDG_CONFIG_HOME: temporaryFolder() };
  expect(() => requireOwnAddress(url, env)).toThrow(expect.objectContaining({ consent: expect.anything() }));
  keepAddress(url, env);
  expect(() => requireOwnAddress(url, env)).not.toThrow();
  expect(() => requireOwnAddress(`${url}/other`, env)).toThrow(/has not been allowed/);
  expect(() => requireOwnAddress('http://example.org/x', env)).toThrow(/not encrypted/);
});
