export function makeIcons(source?: string): Promise<void>;
export function ico(images: readonly { size: number; data: Buffer }[]): Buffer;
export function icns(images: readonly { type: string; data: Buffer }[]): Buffer;
