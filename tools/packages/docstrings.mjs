// Lists what a package's public entry points offer without a docstring: names, and the members of classes, interfaces and
// object types (`Owner.member`). Reads the sources, not dist.
//
//   node tools/packages/docstrings.mjs      one `file:line  name` each, then the count; exits with 1 when there are any
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The condition under which a package.json names its sources. */
const SOURCE_CONDITION = '@mq/source';

/**
 * What is undocumented, as `file:line  name`, by package name. All packages in one program, which parses and binds
 * but checks no types: names that packages share are read once and reported for the package that declares them.
 */
export function undocumentedExports(packagesFolder = join(root, 'packages')) {
  const packages = readdirSync(packagesFolder)
    .sort()
    .map((directory) => entriesOf(join(packagesFolder, directory)));
  const program = ts.createProgram(
    packages.flatMap(({ entries }) => entries),
    {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      customConditions: [SOURCE_CONDITION],
      noLib: true,
      types: [],
    },
  );
  const checker = program.getTypeChecker();
  return new Map(
    packages.map(({ name, directory, entries }) => [
      name,
      [...new Set(entries.flatMap((entry) => undocumentedIn(program, checker, entry, directory)))].sort(),
    ]),
  );
}

function entriesOf(directory) {
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const entries = Object.values(manifest.exports)
    .map((conditions) => conditions[SOURCE_CONDITION])
    .filter((source) => source !== undefined)
    .map((source) => join(directory, source));
  if (entries.length === 0) throw new Error(`${manifest.name} names no sources under ${SOURCE_CONDITION}`);
  return { name: manifest.name, directory, entries };
}

function undocumentedIn(program, checker, entry, directory) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry));
  if (module === undefined) throw new Error(`${relative(root, entry)} is no module`);
  return (
    checker
      .getExportsOfModule(module)
      .map((exported) =>
        exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported,
      )
      .flatMap((symbol) => {
        if (symbol.declarations === undefined)
          throw new Error(`${relative(root, entry)}: cannot resolve ${symbol.name}`);
        return [{ name: symbol.name, symbol }, ...membersOf(symbol)];
      })
      // In words: tags alone (`@throws`) do not say what it is.
      .filter(({ symbol }) => symbol.getDocumentationComment(checker).length === 0)
      .flatMap(({ name, symbol }) => {
        const declaration = symbol.declarations[0];
        const file = declaration.getSourceFile();
        if (relative(directory, file.fileName).startsWith('..')) return [];
        const path = relative(root, file.fileName);
        const { line } = file.getLineAndCharacterOfPosition(declaration.getStart(file));
        return `${path}:${line + 1}  ${name}`;
      })
  );
}

/** The members somebody can use: those declared right there; where a base or an interface has words, they count. */
function membersOf(owner) {
  const declared = [...(owner.members?.values() ?? []), ...typeLiteralMembers(owner)];
  const own = owner.flags & ts.SymbolFlags.Class ? [...declared, ...owner.exports.values()] : declared;
  return own.filter(isUsable).map((symbol) => ({ name: `${owner.name}.${symbol.name}`, symbol }));
}

function typeLiteralMembers({ declarations }) {
  return declarations
    .filter((declaration) => ts.isTypeAliasDeclaration(declaration) && ts.isTypeLiteralNode(declaration.type))
    .flatMap(({ type }) => [...type.symbol.members.values()]);
}

/** Not what is private, nor what the language gives its meaning: constructors, index signatures, `Symbol.asyncDispose`. */
function isUsable({ declarations }) {
  return Boolean(
    declarations?.every((declaration) => {
      const { name } = declaration;
      const flags = ts.getCombinedModifierFlags(declaration);
      return (
        name !== undefined &&
        !ts.isPrivateIdentifier(name) &&
        !ts.isComputedPropertyName(name) &&
        !ts.isTypeParameterDeclaration(declaration) &&
        (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Override)) === 0
      );
    }),
  );
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const lines = [...undocumentedExports().values()].flat();
  for (const line of lines) console.log(line);
  console.log(`${lines.length} without a docstring`);
  process.exitCode = lines.length === 0 ? 0 : 1;
}
