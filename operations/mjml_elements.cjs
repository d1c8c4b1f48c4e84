// Writes include/dispatch/content/mjml_elements.json from the reference implementation of MJML. For developers only:
//   npm install --prefix build/mjml mjml-core@5.4.1 mjml-preset-core@5.4.1
//   NODE_PATH=build/mjml/node_modules node operations/mjml_elements.cjs > include/dispatch/content/mjml_elements.json
const preset = require("mjml-preset-core");
const { components, dependencies } = preset.default ?? preset;
const version = require("mjml-preset-core/package.json").version;
const unsupported = ["mj-html-attributes", "mj-selector", "mj-html-attribute"]; // MRML refuses them.

// "enum(left,center,right)" is the list of the values, everything else null: any value.
const values = (type) =>
  type === "boolean" ? ["true", "false"] : type.startsWith("enum(") ? type.slice(5, -1).split(",") : null;

const found = Object.fromEntries(components.map((one) => one.default ?? one).map((one) => [one.componentName, one]));
const elements = {};
for (const name of [...new Set([...Object.keys(dependencies), ...Object.keys(found)])].sort()) {
  if (unsupported.includes(name)) continue;
  const attributes = Object.entries(found[name]?.allowedAttributes ?? {}).sort();
  elements[name] = {
    children: (dependencies[name] ?? []).filter((child) => typeof child === "string" && !unsupported.includes(child)).sort(),
    is_ending: Boolean(found[name]?.endingTag),
    attributes: Object.fromEntries(attributes.map(([attribute, type]) => [attribute, values(type)])),
  };
}
const source = `mjml-preset-core ${version} (npm, MIT): allowedAttributes, endingTag and dependencies of its components`;
const lines = Object.entries(elements).map(([name, element]) => `  ${JSON.stringify(name)}: ${JSON.stringify(element)}`);
process.stdout.write(`{"source": ${JSON.stringify(source)},\n "elements": {\n${lines.join(",\n")}\n}}\n`);
