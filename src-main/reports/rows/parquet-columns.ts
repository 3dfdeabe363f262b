import type { SchemaElement } from 'hyparquet-writer';

export interface ParquetColumn {
  name: string;
  kind: 'text' | 'number' | 'list';
}

/** The schema of such columns: all optional; a list is one of strings. */
export function parquetSchema(columns: readonly ParquetColumn[]): SchemaElement[] {
  return [{ name: 'root', num_children: columns.length }, ...columns.flatMap(columnSchema)];
}

function columnSchema({ name, kind }: ParquetColumn): SchemaElement[] {
  if (kind === 'number') return [{ name, type: 'DOUBLE', repetition_type: 'OPTIONAL' }];
  const text = (called: string): SchemaElement => ({
    name: called,
    type: 'BYTE_ARRAY',
    converted_type: 'UTF8',
    repetition_type: 'OPTIONAL',
  });
  if (kind === 'text') return [text(name)];
  return [
    { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    text('element'),
  ];
}
