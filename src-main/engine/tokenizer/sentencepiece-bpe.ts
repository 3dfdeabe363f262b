/** One entry of a sentencepiece BPE model; ids are positions in the list. */
export interface Piece {
  kind: 'control' | 'byte' | 'normal';
  text: string;
  /** Higher merges first. */
  score: number;
}

/**
 * A sentencepiece BPE vocabulary as tokenizer.json. sentencepiece keeps no list of merges: it joins the neighbours whose union
 * has the highest score. The equal list is every split of every piece into two pieces, by falling score of the whole.
 */
export function sentencePieceBpe(pieces: readonly Piece[]): Record<string, unknown> {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: pieces.flatMap(({ kind, text: content }, id) =>
      kind !== 'control'
        ? []
        : [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }],
    ),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: bosFirst,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: Object.fromEntries(pieces.map(({ text }, id) => [text, id])),
      merges: mergesOf(pieces),
    },
  };
}

const bos = { SpecialToken: { id: '<s>', type_id: 0 } };
const bosFirst = {
  type: 'TemplateProcessing',
  single: [bos, { Sequence: { id: 'A', type_id: 0 } }],
  pair: [
    bos,
    { Sequence: { id: 'A', type_id: 0 } },
    { SpecialToken: { id: '<s>', type_id: 1 } },
    { Sequence: { id: 'B', type_id: 1 } },
  ],
  special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
};

interface Merge {
  left: string;
  right: string;
  score: number;
  leftLength: number;
  rightLength: number;
}

function mergesOf(pieces: readonly Piece[]): [string, string][] {
  const ids = new Map(pieces.flatMap(({ kind, text }, id) => (kind === 'normal' ? [[text, id] as const] : [])));
  const merges = pieces.flatMap((piece) => (piece.kind === 'normal' ? splitsOf(piece, ids) : []));
  // Equal scores: longer left parts first, as Hugging Face's converter orders them; the sort is stable for the rest.
  merges.sort((a, b) => b.score - a.score || b.leftLength - a.leftLength || b.rightLength - a.rightLength);
  return merges.map(({ left, right }) => [left, right]);
}

function splitsOf({ text, score }: Piece, ids: ReadonlyMap<string, number>): Merge[] {
  const characters = [...text];
  const splits: Merge[] = [];
  for (let cut = 1; cut < characters.length; cut++) {
    const left = characters.slice(0, cut).join('');
    const right = characters.slice(cut).join('');
    if (ids.has(left) && ids.has(right)) {
      splits.push({ left, right, score, leftLength: cut, rightLength: characters.length - cut });
    }
  }
  return splits.sort((a, b) => ids.get(a.left)! - ids.get(b.left)! || ids.get(a.right)! - ids.get(b.right)!);
}
