import { WorkbenchError } from '../shared/domain/errors.ts';

/** Environment variable with the key of a judge's endpoint; it is sent nowhere else and stored nowhere. */
const keyVariable = 'FLIPGUARD_JUDGE_KEY';

export async function postJson(url: string, body: unknown): Promise<unknown> {
  const key = process.env[keyVariable];
  const headers = {
    'content-type': 'application/json',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }).catch((cause: unknown) => {
    throw new WorkbenchError('unavailable', `The judge at ${url} cannot be reached.`, {
      remedy: 'Check the endpoint’s address and that its server runs.',
      cause,
    });
  });
  if (!response.ok) {
    throw new WorkbenchError('unavailable', `The judge at ${url} answered ${response.status} ${response.statusText}.`, {
      remedy: response.status === 401 ? `Set ${keyVariable} to the endpoint’s key.` : 'See the endpoint’s own log.',
    });
  }
  return response.json();
}
