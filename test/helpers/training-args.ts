/** A `training_args.bin` as `torch.save` writes it: a zip with a pickle of the settings’ object, which this program only reads. */
export function trainingArgsFile(
  module: string,
  name: string,
  settings: Readonly<Record<string, string | number>>,
): Buffer {
  const text = (value: string) => {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return Buffer.concat([Buffer.from('X'), length, bytes]);
  };
  const number = (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return Buffer.concat([Buffer.from('G'), bytes]);
  };
  const items = Object.entries(settings).flatMap(([key, value]) => [
    text(key),
    typeof value === 'number' ? number(value) : text(value),
  ]);
  const head = Buffer.from(`\x80\x02c${module}\n${name}\n)\x81}(`, 'latin1');
  return storedZip('training_args/data.pkl', Buffer.concat([head, ...items, Buffer.from('ub.')]));
}

function storedZip(name: string, content: Buffer): Buffer {
  const sizes = Buffer.alloc(8);
  sizes.writeUInt32LE(content.length, 0);
  sizes.writeUInt32LE(content.length, 4);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  sizes.copy(local, 18);
  local.writeUInt16LE(name.length, 26);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  sizes.copy(entry, 20);
  entry.writeUInt16LE(name.length, 28);
  const start = local.length + name.length + content.length;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(entry.length + name.length, 12);
  end.writeUInt32LE(start, 16);
  return Buffer.concat([local, Buffer.from(name), content, entry, Buffer.from(name), end]);
}
