import { WorkbenchError } from '../../shared/domain/errors.ts';

export type RepositoryKind = 'model' | 'dataset';

/** A repository of the Hub, as a person names it. */
export interface HubName {
  kind: RepositoryKind;
  /** `ORG/NAME`. */
  repository: string;
  /** A branch, a tag or a commit; `main` by default. */
  revision: string;
}

const repositoryName = /^[A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9_][\w.-]{0,95}$/;

/** `ORG/NAME` or `ORG/NAME@REVISION`; null where the text is something else, such as a path. */
export function parseHubName(kind: RepositoryKind, text: string): HubName | null {
  const at = text.indexOf('@');
  const repository = at < 0 ? text : text.slice(0, at);
  if (!repositoryName.test(repository) || repository.includes('--') || repository.includes('..')) return null;
  const revision = at < 0 ? 'main' : text.slice(at + 1);
  if (/^[\w][\w./-]*$/.test(revision) && !revision.includes('..')) return { kind, repository, revision };
  throw new WorkbenchError('bad-input', `“${revision}” is not a revision of ${repository}.`, {
    remedy: 'Write a branch, a tag or a commit behind the @.',
  });
}

export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}
