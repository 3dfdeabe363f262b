import { mostItems } from './jinja-values.ts';

export const globals: Record<string, unknown> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  raise_exception: (message: unknown) => {
    throw new Error(String(message));
  },
  range: (...limits: number[]) => range(limits),
  strftime_now: (format: string) => strftime(new Date(), format),
};

function range(limits: readonly number[]): number[] {
  const [start = 0, stop = 0, step = 1] = limits.length === 1 ? [0, limits[0]] : limits;
  const length = step === 0 ? 0 : Math.max(0, Math.ceil((stop - start) / step));
  if (length > mostItems) throw new Error(`range() would have ${length} items, ${mostItems} are allowed`);
  return Array.from({ length }, (_, index) => start + index * step);
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
];

/** The fields that chat templates ask for, in English as C's locale has them. */
function strftime(at: Date, format: string): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const fields: Record<string, string> = {
    '%Y': String(at.getFullYear()),
    '%m': two(at.getMonth() + 1),
    '%d': two(at.getDate()),
    '%-d': String(at.getDate()),
    '%B': months[at.getMonth()] ?? '',
    '%b': (months[at.getMonth()] ?? '').slice(0, 3),
    '%A': days[at.getDay()] ?? '',
    '%a': (days[at.getDay()] ?? '').slice(0, 3),
    '%H': two(at.getHours()),
    '%M': two(at.getMinutes()),
    '%S': two(at.getSeconds()),
    '%y': two(at.getFullYear() % 100),
    '%%': '%',
  };
  return format.replace(/%-?[A-Za-z%]/g, (field) => fields[field] ?? field);
}
