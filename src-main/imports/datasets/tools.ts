import { own } from '../field-path.ts';
import { asTools } from '../values.ts';

/** The tools a conversation may call; what templates render of them belongs to the prompt. */
export function toolsOf(record: unknown): { tools?: readonly unknown[] } {
  const tools = asTools(own(record, 'tools'), 'tools');
  return tools === undefined ? {} : { tools };
}
