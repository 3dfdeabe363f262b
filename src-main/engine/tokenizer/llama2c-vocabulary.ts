import { WorkbenchError } from '../../shared/domain/errors.ts';
import { decodeUtf8 } from '../checkpoint/utf8.ts';
import type { Piece } from './sentencepiece-bpe.ts';

/** Ids with a fixed meaning in every Llama sentencepiece model: unknown, BOS, EOS, then the 256 bytes. */
const control = ['<unk>', '<s>', '</s>'];
const firstByte = control.length;
const firstPiece = firstByte + 256;

/**
 * llama2.c's tokenizer.bin: int32 longest piece, then per token a float32 score, an int32 byte length and the text, in which
 * sentencepiece's blank mark stands as a plain blank and byte tokens as the byte itself.
 */
export function readLlama2cPieces(bytes: Uint8Array, vocab: number): Piece[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pieces: Piece[] = [];
  let offset = 4;
  for (let id = 0; id < vocab; id++) {
    if (offset + 8 > bytes.byteLength) throw cutOff(id);
    const score = view.getFloat32(offset, true);
    const length = view.getInt32(offset + 4, true);
    offset += 8;
    if (length < 0 || offset + length > bytes.byteLength) throw cutOff(id);
    const text = bytes.subarray(offset, offset + length);
    offset += length;
    pieces.push(pieceOf(id, text, score));
  }
  return pieces;
}

function pieceOf(id: number, text: Uint8Array, score: number): Piece {
  if (id < firstByte) return { kind: 'control', text: control[id]!, score };
  if (id < firstPiece) {
    const hex = (id - firstByte).toString(16).toUpperCase().padStart(2, '0');
    return { kind: 'byte', text: `<0x${hex}>`, score };
  }
  return { kind: 'normal', text: decodeUtf8(text).replaceAll(' ', '▁'), score };
}

function cutOff(id: number): WorkbenchError {
  return new WorkbenchError('corrupt', `the vocabulary ends at token ${id}`, { remedy: 'Download the file again.' });
}
