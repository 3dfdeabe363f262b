import { WorkbenchError } from '../shared/domain/errors.ts';

/** How long a search may take: by then a person has moved on. */
export const longSearch = {
  ms: 60_000,
  tooLong: () =>
    new WorkbenchError('unavailable', 'The search was stopped after one minute.', {
      remedy: 'Search for more characters, or for something rarer. New texts are found quickly once they are indexed.',
    }),
};
export const longRead = {
  ms: 120_000,
  tooLong: () =>
    new WorkbenchError('unavailable', 'Counting the slices was stopped after two minutes.', {
      remedy: 'Import the evaluations with fewer slices.',
    }),
};
