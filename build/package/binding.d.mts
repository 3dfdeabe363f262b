export function makePackagedBinding(file?: string): Promise<string | null>;
