import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { siteSchema } from '../../shared/domain/sites.ts';
import { writeWhole } from '../../system/whole-file.ts';
import type { Site } from '../../shared/domain/sites.ts';

/**
 * The workspace's sites, in a file of their own next to the database: they say how to reach machines and which lines run there, so
 * they do not travel with a workspace that somebody exports.
 */
export interface SiteRegistry {
  list(): Promise<Site[]>;
  find(name: string): Promise<Site>;
  add(site: z.input<typeof siteSchema>): Promise<Site>;
  remove(name: string): Promise<void>;
}

const fileSchema = z.array(siteSchema);

export function createSiteRegistry(root: string): SiteRegistry {
  const file = path.join(root, 'sites.json');

  async function list(): Promise<Site[]> {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '[]';
      throw error;
    });
    try {
      return fileSchema.parse(JSON.parse(text));
    } catch (cause) {
      throw new WorkbenchError('corrupt', `${file} cannot be read.`, {
        remedy: 'Fix or remove the file, and add the sites again.',
        place: { file },
        cause,
      });
    }
  }

  async function write(sites: readonly Site[]): Promise<void> {
    await writeWhole(file, `${JSON.stringify(sites, null, 2)}\n`);
  }

  return {
    list,
    async find(name) {
      const sites = await list();
      const found = sites.find((site) => site.name === name);
      if (found !== undefined) return found;
      throw new WorkbenchError('not-found', `There is no site “${name}”.`, {
        remedy:
          sites.length === 0 ? 'flipguard site add makes one.' : `Known: ${sites.map((site) => site.name).join(', ')}.`,
      });
    },
    async add(input) {
      const parsed = siteSchema.safeParse(input);
      if (!parsed.success) throw siteError(parsed.error);
      const sites = await list();
      if (sites.some(({ name }) => name === parsed.data.name)) {
        throw new WorkbenchError('conflict', `There is already a site named “${parsed.data.name}”.`, {
          remedy: 'Choose another name, or remove that one first.',
          place: { field: 'name' },
        });
      }
      await write([...sites, parsed.data]);
      return parsed.data;
    },
    async remove(name) {
      const sites = await list();
      await write(sites.filter((site) => site.name !== name));
    },
  };
}

function siteError(error: z.ZodError): WorkbenchError {
  const said = error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  const [first] = error.issues;
  return new WorkbenchError('bad-input', said.join('\n'), {
    remedy: 'flipguard site add --help describes each option.',
    ...(first === undefined ? {} : { place: { field: first.path.join('.') } }),
  });
}
