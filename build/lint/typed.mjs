// `node build/node24.mjs build/lint/typed.mjs [FILE …]`: the rules that ask for types (.oxlintrc.json), on all TypeScript or the files named.
// The linter reads no components. So the script of each is written to a TypeScript file of its own, every character where it is
// in the component, and is linted under the component's name.
import fs from 'node:fs';
import path from 'node:path';
import typescript from 'typescript';
import { parse } from 'vue/compiler-sfc';
import { checkoutDir, modulesDir } from '../setup/paths.mjs';
import { run } from '../setup/run.mjs';

const scriptEnding = '.script.ts';
const folder = 'out/lint';
process.chdir(checkoutDir);

const named = process.argv.slice(2);
const components = named.length > 0 ? named.filter(isComponent) : fs.globSync('src-renderer/**/*.vue');
const sources =
  named.length > 0
    ? named.filter(isSource)
    : fs.globSync('{src-main,src-renderer,build,test}/**/*.ts').filter(isSource);

fs.rmSync(folder, { recursive: true, force: true });
fs.mkdirSync(folder, { recursive: true });
const scripts = components.map((component) => {
  const file = path.join(folder, component + scriptEnding);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, scriptOf(fs.readFileSync(component, 'utf8')));
  return file;
});
fs.writeFileSync(
  path.join(folder, 'tsconfig.json'),
  JSON.stringify({
    extends: '../../src-renderer/tsconfig.json',
    // What a script imports by a relative path is in the renderer.
    compilerOptions: { rootDirs: ['src-renderer', '../../src-renderer'] },
    include: [`**/*${scriptEnding}`, '../../src-renderer/**/*.d.ts'],
  }),
);

const linter = path.join(modulesDir, 'oxlint', 'bin', 'oxlint');
const { status, stdout, stderr, error } = await run(process.execPath, [
  linter,
  '--type-aware',
  '--no-ignore',
  '--format=unix',
  '--config=.oxlintrc.json',
  ...sources,
  ...scripts,
]);
const inComponents = stdout.replaceAll(`${folder}/`, '').replaceAll(`.vue${scriptEnding}:`, '.vue:');
process.stdout.write(`${inComponents}${stderr}${error?.message ?? ''}`);
process.exitCode = status ?? 1;

function isSource(file) {
  return file.endsWith('.ts') && !file.endsWith('.d.ts') && !/^(test[/\\](golden|assets)|resources)[/\\]/.test(file);
}

function isComponent(file) {
  return file.endsWith('.vue');
}

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
