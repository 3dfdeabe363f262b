let returning = false;

/** Called as a dialog is about to give the focus back to what opened it. */
export function noteFocusReturn(): void {
  returning = true;
  setTimeout(() => (returning = false), 0);
}

/** The focus came back from a dialog: nobody asked what the button under it does. */
export function isFocusReturning(): boolean {
  return returning;
}
