/** Times and durations as people read them. All inputs are milliseconds. */

export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return '–';
  const seconds = Math.max(0, ms / 1000);
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** “3 min ago”; from a week on, the date. */
export function formatAgo(at: number, now: number): string {
  const seconds = Math.round((now - at) / 1000);
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 7 * 86_400) return `${Math.floor(seconds / 86_400)} d ago`;
  return formatDate(at);
}

// Made at the first use: making them costs 100 ms, which every command would pay at its start.
let dateFormat: Intl.DateTimeFormat | undefined;
let clockFormat: Intl.DateTimeFormat | undefined;

export function formatDate(at: number): string {
  dateFormat ??= new Intl.DateTimeFormat('en-GB', { year: 'numeric', month: 'short', day: 'numeric' });
  return dateFormat.format(at);
}

export function formatClock(at: number): string {
  clockFormat ??= new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  return clockFormat.format(at);
}

/** For lists, where seconds tell nothing. */
export function formatMinute(at: number): string {
  return `${formatDate(at)} ${formatClock(at).slice(0, 5)}`;
}

export function formatMoment(at: number): string {
  return `${formatDate(at)} ${formatClock(at)}`;
}
