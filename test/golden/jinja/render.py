"""Renders chat templates and small expressions with jinja2 as transformers sets it up, into golden.json next to this file:
python test/golden/jinja/render.py (transformers, trl; the templates are those that trl ships for the families we load)."""
import datetime, itertools, json, pathlib
import transformers.utils.chat_template_utils as utils
import trl

here = pathlib.Path(__file__).parent
compile_template = utils._cached_compile_jinja_template

families = ['llama3', 'llama3_2', 'qwen2_5', 'qwen3', 'qwen3_instruct_2507', 'qwen3_training', 'phi3', 'phi3_5_training', 'gemma', 'gemma3_training', 'deepseek_r1_distill', 'llama3_1', 'glm4moe_training', 'gemma3', 'phi3_5', 'lfm2', 'qwen3_6']
folder = pathlib.Path(trl.__file__).parent / 'chat_templates'
call = {'type': 'function', 'function': {'name': 'get_weather', 'arguments': {'city': 'Zürich', 'days': 3}}}
tools = [{'type': 'function', 'function': {'name': 'get_weather', 'description': "The weather's", 'parameters': {'type': 'object', 'properties': {'city': {'type': 'string'}, 'days': {'type': 'integer'}}, 'required': ['city']}}}]
chats = {
    'plain': [{'role': 'user', 'content': '\n  x \n\n'}, {'role': 'assistant', 'content': '  indented\n    code \n'}],
    'system': [{'role': 'system', 'content': 'S\n'}, {'role': 'user', 'content': 'é “q” <b> & \\n'}],
    'turns': [{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': 'b'}, {'role': 'user', 'content': 'c'}, {'role': 'assistant', 'content': '\n\nd\n'}],
    'thinking': [{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': 'b', 'reasoning_content': '\nhm\n'}, {'role': 'user', 'content': 'c'}, {'role': 'assistant', 'content': '<think>\nso\n</think>\n\n x '}],
    'tools': [{'role': 'user', 'content': 'w?'}, {'role': 'assistant', 'content': '', 'tool_calls': [call]}, {'role': 'tool', 'name': 'get_weather', 'content': '18 C'}, {'role': 'assistant', 'content': 'It is 18 C.'}],
}
words = ["'  a b\\n'", "'\\n\\nxyx\\n'", "'it\\'s a-b (c) [d]'", "''", "'ÄÖ ß'", "'7.9'", "7", "-7", "2.5", "-0.25", "true", "none", "[1, 'a', none]", "{'k': true, 'l': [1.0]}", "(1, 2)", "'a,b,,c'"]
unary = ["x", "x.strip()", "x.strip('\\n')", "x.lstrip('\\n ')", "x.rstrip('x\\n')", "x.title()", "x.capitalize()", "x|capitalize", "x|title", "x|trim", "x|trim('x')", "x|upper", "x|string", "x|int", "x|float", "x|int(5)", "x|length", "x|first", "x|last", "x|list", "x|join('-')", "x|tojson", "x|tojson(indent=2)", "x|tojson(ensure_ascii=true)", "x|tojson(separators=(',', ':'))", "x|default('d')", "x|default('d', true)", "x is string", "x is none", "x is mapping", "x == 7", "x == '7'", "x in [7, 'a']", "x ~ 1", "x ~ none", "x % 3", "x // 2", "x * 2", "x + x", "x < 3", "x and 1", "x or 1", "not x", "x.split(',')", "x.split()", "x.rsplit(',', 1)", "x.startswith('a')", "x.endswith(('c', '\\n'))", "x.replace('a', 'b')", "x.upper()", "x.splitlines()", "x.removeprefix('a')", "x[0]", "x[:2]", "x[::-1]", "x.items()|length", "x.get('k', 0)", "'%s!' % x", "x is defined", "y is defined", "x.isdigit()"]
blocks = ["a\r\n{% if true %}\r\nb\r\n{% endif %}\r\nc", "a\r{{ 1 }}\r\n", "{%- set ns = namespace(n=0) -%}\n{%- for i in range(-7, 8) -%}{%- set ns.n = ns.n + i % 3 -%}{%- endfor -%}{{ ns.n }}", "{% for m in messages %}{{ loop.index }}{{ m.role[:1] }}{% if not loop.last %},{% endif %}{% endfor %}\n", "  {# c #}\nx\n  {% if false %}y{% else %}z{% endif %}\n\n", "{{ True }} {{ False }} {{ None }} {{ 1.0 }} {{ [true, none] }}", "{{ messages }}", "{% macro f(a, b=2) %}{{ a }}/{{ b }}{% endmacro %}{{ f(1) }} {{ f('x', b=none) }}", "{% set x %}\n q \n{% endset %}{{ x|trim }}|"]

def render(source, **items):
    try: return {'text': compile_template(source).render(**items)}
    except Exception as error: return {'fails': True}

# Some templates print the day they are rendered on.
golden = {'day': datetime.date.today().isoformat(), 'templates': [], 'expressions': [], 'blocks': []}
for family in families:
    path = folder / f'{family}.jinja'
    if not path.exists(): continue
    source = path.read_text()
    for crlf in (False, True):
        text = source.replace('\n', '\r\n') if crlf else source
        cases = []
        for (name, messages), with_tools, prompt in itertools.product(chats.items(), (False, True), (False, True)):
            if crlf and (with_tools or prompt): continue
            if with_tools and name != 'tools': continue
            constants = {'bos_token': '<s>', 'eos_token': '</s>'}
            cases.append({'chat': name, 'tools': with_tools, 'prompt': prompt, **render(text, messages=messages, tools=tools if with_tools else None, documents=None, add_generation_prompt=prompt, **constants)})
        if any('fails' not in case for case in cases): golden['templates'].append({'family': family, 'crlf': crlf, 'cases': cases})
golden['expressions'] = [[w, u, r['text']] for w, u in itertools.product(words, unary) for r in [render('{%% set x = %s %%}{{ %s }}' % (w, u))] if 'text' in r]
golden['blocks'] = [[b, render(b, messages=chats['tools'])['text']] for b in blocks]
golden['chats'], golden['tools'] = chats, tools
golden['sources'] = {t['family']: (folder / f"{t['family']}.jinja").read_text() for t in golden['templates']}
(here / 'golden.json').write_text(json.dumps(golden, ensure_ascii=False, indent=0) + '\n')
print({k: len(v) for k, v in golden.items() if k != 'day'}, [t['family'] for t in golden['templates']])
