// `node build/node24.mjs build/lint/components.mjs [FILE.vue …]`: the rules that ask for types, on the scripts of components.
// Handed a component, TypeScript builds its program of the whole renderer again, a second each time. So each script is written to a
// TypeScript file of its own, every character where it stands in the component, and one program holds them all.
import fs from 'node:fs';
import path from 'node:path';
import { ESLint } from 'eslint';
import typescript from 'typescript';
import ts from 'typescript-eslint';
import { parse } from 'vue/compiler-sfc';
import { checkoutDir } from '../setup/paths.mjs';
import { ownedPromises, typedRules } from './typed-rules.js';

const scriptEnding = '.script.ts';
const folder = path.join(checkoutDir, 'out', 'lint');

const named = process.argv.slice(2);
const components = named.length > 0 ? named : fs.globSync('src-renderer/**/*.vue', { cwd: checkoutDir });

fs.rmSync(folder, { recursive: true, force: true });
for (const component of components) {
  const file = path.join(folder, component + scriptEnding);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, scriptOf(fs.readFileSync(path.join(checkoutDir, component), 'utf8')));
}
fs.writeFileSync(
  path.join(folder, 'tsconfig.json'),
  JSON.stringify({
    extends: '../../src-renderer/tsconfig.json',
    // What a script imports by a relative path lies in the renderer.
    compilerOptions: { rootDirs: ['src-renderer', '../../src-renderer'] },
    include: [`**/*${scriptEnding}`, '../../src-renderer/**/*.d.ts'],
  }),
);

const linter = new ESLint({
  cwd: folder,
  overrideConfigFile: true,
  overrideConfig: ts.config({
    files: ['**/*.ts'],
    extends: [ts.configs.recommendedTypeCheckedOnly],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: folder } },
    // The comments that switch a rule off are counted where all rules are at work.
    linterOptions: { reportUnusedDisableDirectives: 'off' },
    rules: { ...typedRules, ...ownedPromises },
  }),
});
const results = await linter.lintFiles(['**/*.ts']);
const inComponents = results.map((result) => ({
  ...result,
  filePath: path.join(checkoutDir, path.relative(folder, result.filePath).slice(0, -scriptEnding.length)),
}));
process.stdout.write(await (await linter.loadFormatter('stylish')).format(inComponents));
process.exitCode = results.some(({ messages }) => messages.length > 0) ? 1 : 0;

/** The scripts of a component, with blanks for everything else, and a type for each parameter of its `generic`. */
function scriptOf(component) {
  const { script, scriptSetup } = parse(component).descriptor;
  const isScript = (at) =>
    [script, scriptSetup].some((block) => block && at >= block.loc.start.offset && at < block.loc.end.offset);
  const characters = [...component.matchAll(/[^]/g)].map(({ 0: character, index }) =>
    /\s/.test(character) || isScript(index) ? character : ' ',
  );
  return `${characters.join('')}\n${parameterTypes(scriptSetup?.attrs.generic ?? '')}export {};\n`;
}

function parameterTypes(generic) {
  if (generic === '') return '';
  const source = typescript.createSourceFile('generic.ts', `type Of<${generic}> = 0;`, typescript.ScriptTarget.Latest);
  return source.statements[0].typeParameters
    .map(({ name, constraint }) => `type ${name.text} = ${constraint?.getText(source) ?? 'unknown'};\n`)
    .join('');
}
