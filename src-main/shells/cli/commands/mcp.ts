import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { reportOf } from '../../../shared/domain/errors.ts';
import { reportRowOf } from '../../../shared/domain/reports/report-row.ts';
import { version } from '../../../workbench/version.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import type { CommandContext } from '../context.ts';
import { isOutcome } from '../options/pairs.ts';
import { makeTemporaryFolder } from '../../../system/temporary-folder.ts';
import { watchAnswers } from './mcp-answers.ts';
import { openComparison } from './compare.ts';
import { filterOf, requireKind } from './flips.ts';
import { listings } from './list.ts';

/** What agents may list: what a person lists, without the second word for evaluations. */
const listed = [
  'models',
  'datasets',
  'suites',
  'runs',
  'checkpoints',
  'evaluations',
  'comparisons',
  'guard-sets',
  'reports',
] as const;
const mostFlips = 200;
const curvePoints = 200;

const sides = {
  old: z.string().describe('Evaluation, model, run or RUN@STEP before the change, by name or id.'),
  new: z.string().describe('The same after the change.'),
  suite: z.string().optional().describe('Which suite, where both sides have several.'),
};
type Sides = z.infer<z.ZodObject<typeof sides>>;

/** `flipguard mcp`: the read side of the workbench for agents, over stdio, until the other side closes it. */
export async function mcpCommand(context: CommandContext): Promise<void> {
  const workbench = await context.workbench();
  const server = createReadServer(workbench, context);
  const closed = Promise.withResolvers<void>();
  server.server.onclose = () => closed.resolve();
  context.onInterrupt(() => closed.resolve());
  const transport = new StdioServerTransport();
  const answers = watchAnswers(transport);
  // Whoever asks no more still reads what is due.
  process.stdin.once('end', () => {
    answers.settled().then(closed.resolve, closed.reject);
  });
  await server.connect(transport);
  context.terminal.note(`The workspace ${context.folder} is read by whoever started this, over stdio.`);
  await closed.promise;
  await server.close();
}

/** Nothing that these tools do changes what is in the workspace but for comparisons, which are made to be read. */
export function createReadServer(workbench: Workbench, { task }: Pick<CommandContext, 'task'>): McpServer {
  const server = new McpServer({ name: 'flipguard', version });
  const annotations = { readOnlyHint: true, openWorldHint: false };
  const compared = ({ old, new: now, suite }: Sides) =>
    openComparison({ task }, workbench, old, now, { rule: 'verdict', suite });

  server.registerTool(
    'list',
    { description: 'What the workspace holds.', inputSchema: { what: z.enum(listed) }, annotations },
    ({ what }) => answered(async () => (await listings[what](workbench)).records),
  );
  server.registerTool(
    'compare',
    {
      description:
        'Two evaluations sample by sample: negative and positive flips with intervals, and the kinds of change.',
      inputSchema: sides,
      annotations,
    },
    (given) =>
      answered(async () => {
        const { id } = await compared(given);
        return { ...(await workbench.comparisons.summary(id)), kinds: await workbench.comparisons.kinds(id) };
      }),
  );
  server.registerTool(
    'flips',
    {
      description: 'Samples that changed: prompt, target, both outputs, verdicts, scores. The worst come first.',
      inputSchema: {
        ...sides,
        kind: z
          .string()
          .default('negative')
          .describe('negative, positive, kept-right, kept-wrong, or a kind of change.'),
        search: z.string().optional().describe('A text that prompt or outputs hold.'),
        limit: z.number().int().min(1).max(mostFlips).default(20),
      },
      annotations,
    },
    (given) => answered(() => flipsOf(workbench, given, compared)),
  );
  server.registerTool(
    'sample',
    {
      description: 'One sample of a comparison by its id: everything known of it, with the runs that trained on it.',
      inputSchema: { ...sides, sampleId: z.string() },
      annotations,
    },
    (given) => answered(() => sampleOf(workbench, given, compared)),
  );
  server.registerTool(
    'run',
    {
      description: 'A run with its settings, checkpoints, flip meter and curves.',
      inputSchema: { run: z.string(), metrics: z.array(z.string()).optional() },
      annotations,
    },
    ({ run: name, metrics }) =>
      answered(async () => {
        const run = await workbench.runs.find(name);
        const { store } = workbench.core;
        return {
          run,
          checkpoints: await store.listCheckpoints(run.id),
          flipMeter: await workbench.runs.flipMeter(run.id, task),
          curves: await store.runMetrics(run.id, {
            points: curvePoints,
            ...(metrics === undefined ? {} : { names: metrics }),
          }),
        };
      }),
  );
  server.registerTool(
    'report',
    { description: 'A report of a comparison as Markdown.', inputSchema: sides, annotations },
    (given) => answered(async () => markdownOf(workbench, (await compared(given)).id, { task })),
  );
  return server;
}

type Compared = (given: Sides) => ReturnType<typeof openComparison>;

async function flipsOf(
  workbench: Workbench,
  given: Sides & { kind: string; search?: string | undefined; limit: number },
  compared: Compared,
) {
  const { id, counts } = await compared(given);
  const { kind, search, limit } = given;
  if (!isOutcome(kind)) await requireKind(workbench, id, kind);
  const rows: unknown[] = [];
  const enough = new Error('as many as were asked for');
  const filter = filterOf({ kind, rule: 'verdict', ...(search === undefined ? {} : { search }) });
  const streamed = workbench.core.store.streamFlips(
    id,
    filter,
    { column: 'delta', direction: 'ascending' },
    (batch) => {
      rows.push(...batch.slice(0, limit - rows.length).map(reportRowOf));
      return rows.length >= limit ? Promise.reject(enough) : Promise.resolve();
    },
  );
  await streamed.catch((error: unknown) => {
    if (error !== enough) throw error;
  });
  return { counts: (counts.corrected ?? counts).kinds, rows };
}

async function sampleOf(workbench: Workbench, given: Sides & { sampleId: string }, compared: Compared) {
  const { id } = await compared(given);
  let key: number | null = null;
  const found = new Error('found');
  const streamed = workbench.core.store.streamFlips(id, {}, { column: 'sampleId', direction: 'ascending' }, (batch) => {
    const row = batch.find(({ sampleId }) => sampleId === given.sampleId);
    if (row === undefined) return Promise.resolve();
    key = row.sampleKey;
    return Promise.reject(found);
  });
  await streamed.catch((error: unknown) => {
    if (error !== found) throw error;
  });
  if (key === null) return { error: `There is no sample “${given.sampleId}” in this comparison.` };
  return {
    sample: await workbench.samples.detail(id, key),
    training: await workbench.core.store.trainingTrace(key),
  };
}

async function markdownOf(workbench: Workbench, comparisonId: string, { task }: Pick<CommandContext, 'task'>) {
  const folder = await makeTemporaryFolder('flipguard-report-');
  try {
    const file = path.join(folder, 'report.md');
    const subject = { kind: 'comparison' as const, comparisonId };
    await workbench.reports.write({ subject, format: 'md', correction: 'holm' }, file, task);
    return await readFile(file, 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What went wrong is an answer too: the agent reads the sentence and its remedy. */
async function answered(work: () => Promise<unknown>): Promise<CallToolResult> {
  try {
    const value = await work();
    return { content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value, null, 1) }] };
  } catch (error) {
    const { message, remedy } = reportOf(error);
    return { isError: true, content: [{ type: 'text', text: [message, remedy].filter(Boolean).join(' ') }] };
  }
}
