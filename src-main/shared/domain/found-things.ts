/** What a file or folder can be. */
export type FoundKind = 'evaluation' | 'dataset' | 'suite' | 'model' | 'report' | 'workspace' | 'unknown';
