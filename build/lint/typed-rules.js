/** The rules that ask for types, as this project sets them: for TypeScript files, and for the scripts of components. */
export const typedRules = {
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
  '@typescript-eslint/no-misused-promises': [
    'error',
    { checksVoidReturn: { arguments: false, attributes: false, properties: false } },
  ],
  // tfjs-core's own types are so loose that this one argues with half of the tensor code.
  '@typescript-eslint/no-unnecessary-type-assertion': 'off',
  // `'ok' | string` names the expected value for the reader.
  '@typescript-eslint/no-redundant-type-constituents': 'off',
  '@typescript-eslint/only-throw-error': 'error',
  // An interface is often asynchronous where one implementation is not.
  '@typescript-eslint/require-await': 'off',
  '@typescript-eslint/unbound-method': 'off',
};

/**
 * Every promise has an owner that hears of its failure (`system/pending.ts`; in windows Vue or `stores/toasts.ts`): `void` would only
 * hide that it has none.
 */
export const ownedPromises = {
  '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: false, checkThenables: false }],
};
