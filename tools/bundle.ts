// Bundles the service in the current directory into one file, dist/<name>.js, that needs nothing but Node >= 22.19.
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const settings: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node22.19',
  format: 'esm',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
};

const pattern = /new URL\(\s*'(\.\/[^']+\.ts)',\s*import\.meta\.url,?\s*\)/g;

/**
 * Programs of its own that a package starts (worker threads, the guard process) are written as
 * `new URL('./x.ts', import.meta.url)`. In the bundle each becomes a data: URL that holds the bundled program.
 */
const inlinePrograms: Plugin = {
  name: 'inline-programs',
  setup(context) {
    context.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      let contents = await readFile(path, 'utf8');
      for (const [match, relative] of [...contents.matchAll(pattern)]) {
        const result = await build({ ...settings, minify: true, entryPoints: [join(dirname(path), relative!)], write: false });
        const code = Buffer.from(result.outputFiles![0]!.contents).toString('base64');
        contents = contents.replace(match, `new URL('data:text/javascript;base64,${code}')`);
      }
      return { contents, loader: 'ts' };
    });
  },
};

const directory = process.cwd();
const name = basename(directory);
await build({
  ...settings,
  entryPoints: [join(directory, 'src', 'main.ts')],
  outfile: join(directory, 'dist', `${name}.js`),
  plugins: [inlinePrograms],
  // Some dependencies are CommonJS and call require() for Node's own modules.
  banner: { js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);" },
});
