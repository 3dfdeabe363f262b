/** Tools that a set of flips goes out to, as menus and jobs call them. */
export const toolNames = {
  trl: 'TRL (preference pairs)',
  promptfoo: 'promptfoo',
  'lm-eval': 'lm-eval',
  issue: 'an issue (Markdown)',
} as const;
