/** Redis' scripts by themselves: Lua in this process, on a few commands, at a clock that a test moves. */

import { hash } from 'node:crypto';
import { createRequire } from 'node:module';

// It has no types of its own; what is used here is the C interface of Lua, name by name.
// biome-ignore lint/suspicious/noExplicitAny: see above
const { lua, lauxlib, lualib, to_luastring, to_jsstring } = createRequire(import.meta.url)('fengari') as any;

type Value = string | number | null | { readonly ok: string } | Value[];

/** What the scripts of the window need of Redis' data. */
export class Store {
  readonly #zsets = new Map<string, Map<string, number>>();
  readonly #hashes = new Map<string, Map<string, string>>();
  readonly #nowUs: () => number;

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs;
  }

  flush(): void {
    this.#zsets.clear();
    this.#hashes.clear();
  }

  call(command: string, key: string, ...args: string[]): Value {
    switch (command) {
      case 'TIME':
        return [String(Math.floor(this.#nowUs() / 1e6)), String(Math.floor(this.#nowUs() % 1e6))];
      case 'PEXPIRE':
        return 1;
      case 'EXISTS':
        return [key, ...args].filter((each) => this.#zsets.get(each)?.size || this.#hashes.get(each)?.size)
          .length;
      case 'TYPE': {
        const held = this.#zsets.get(key)?.size ? 'zset' : this.#hashes.get(key)?.size ? 'hash' : 'none';
        return { ok: held };
      }
      case 'DEL':
        return [key, ...args].filter((each) =>
          [this.#zsets.delete(each), this.#hashes.delete(each)].some(Boolean),
        ).length;
      case 'HGET':
        return this.#hash(key).get(args[0]!) ?? null;
      case 'HSET':
        for (let i = 0; i < args.length; i += 2) this.#hash(key).set(args[i]!, args[i + 1]!);
        return 1;
      case 'HDEL':
        return args.filter((field) => this.#hash(key).delete(field)).length;
      case 'HLEN':
        return this.#hash(key).size;
      case 'HKEYS':
        return [...this.#hash(key).keys()];
      case 'HSTRLEN':
        return Buffer.byteLength(this.#hash(key).get(args[0]!) ?? '');
      case 'HGETALL':
        return [...this.#hash(key)].flat();
      case 'ZADD':
        this.#zset(key).set(args[1]!, Number(args[0]));
        return 1;
      case 'ZREM':
        return this.#zset(key).delete(args[0]!) ? 1 : 0;
      case 'ZCARD':
        return this.#zset(key).size;
      case 'ZREMRANGEBYSCORE':
        return this.#remove(
          key,
          ([, score]) => score > boundOf(args[0]!, -1) && score < boundOf(args[1]!, 1),
        );
      case 'ZREMRANGEBYRANK': {
        const gone = new Set(slice(this.#sorted(key), args));
        return this.#remove(key, (entry) => [...gone].some(([member]) => member === entry[0]));
      }
      case 'ZRANGE':
        return slice(this.#sorted(key), args).flatMap(([member, score]) =>
          args[2] === 'WITHSCORES' ? [member, String(score)] : [member],
        );
      default:
        throw new Error(`${command} is not among the commands that are modelled`);
    }
  }

  #sorted(key: string): [string, number][] {
    return [...this.#zset(key)].sort(([, a], [, b]) => a - b);
  }

  #remove(key: string, isGone: (entry: [string, number]) => boolean): number {
    const gone = [...this.#zset(key)].filter(isGone);
    for (const [member] of gone) this.#zset(key).delete(member);
    return gone.length;
  }

  #zset(key: string): Map<string, number> {
    const zset = this.#zsets.get(key) ?? new Map<string, number>();
    this.#zsets.set(key, zset);
    return zset;
  }

  #hash(key: string): Map<string, string> {
    const hash = this.#hashes.get(key) ?? new Map<string, string>();
    this.#hashes.set(key, hash);
    return hash;
  }
}

/** Ranks as Redis has them: the last one included, negative ones from the end. */
const slice = <T>(list: readonly T[], [from, to]: readonly string[]): T[] => {
  const [first, last] = [from, to].map((rank) =>
    Number(rank) < 0 ? list.length + Number(rank) : Number(rank),
  );
  return list.slice(Math.max(0, first!), Math.max(0, last! + 1));
};

/** The score just outside of a bound: `5` includes five, `(5` does not. @param side -1 below, 1 above */
const boundOf = (bound: string, side: -1 | 1): number => {
  if (/^[-+]?inf$/.test(bound))
    return bound.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return bound.startsWith('(') ? Number(bound.slice(1)) : Number(bound) + side * 0.5;
};

/** Runs scripts on a store, as EVAL would. */
export class LuaRedis {
  readonly #state = lauxlib.luaL_newstate();
  readonly #compiled = new Map<string, number>();

  constructor(store: Store) {
    const L = this.#state;
    lualib.luaL_openlibs(L);
    lua.lua_createtable(L, 0, 1);
    lua.lua_pushcfunction(L, () => {
      const args = Array.from({ length: lua.lua_gettop(L) }, (_, i) => textAt(L, i + 1));
      const [command = '', key = '', ...rest] = args;
      push(L, store.call(command, key, ...rest));
      return 1;
    });
    lua.lua_setfield(L, -2, to_luastring('call'));
    lua.lua_pushcfunction(L, () => {
      push(L, hash('sha1', textAt(L, 1)));
      return 1;
    });
    lua.lua_setfield(L, -2, to_luastring('sha1hex'));
    lua.lua_setglobal(L, to_luastring('redis'));
  }

  eval(script: string, keys: readonly string[], args: readonly (string | number)[]): Value {
    const L = this.#state;
    push(L, [...keys]);
    lua.lua_setglobal(L, to_luastring('KEYS'));
    push(L, args.map(String));
    lua.lua_setglobal(L, to_luastring('ARGV'));
    lua.lua_rawgeti(L, lua.LUA_REGISTRYINDEX, this.#compile(script));
    if (lua.lua_pcall(L, 0, 1, 0) !== lua.LUA_OK) throw new Error(textAt(L, -1));
    const reply = valueAt(L, -1);
    lua.lua_settop(L, 0);
    return reply;
  }

  #compile(script: string): number {
    const L = this.#state;
    let compiled = this.#compiled.get(script);
    if (compiled === undefined) {
      if (lauxlib.luaL_loadstring(L, to_luastring(script)) !== lua.LUA_OK) throw new Error(textAt(L, -1));
      compiled = lauxlib.luaL_ref(L, lua.LUA_REGISTRYINDEX) as number;
      this.#compiled.set(script, compiled);
    }
    return compiled;
  }
}

const textAt = (L: unknown, index: number): string => to_jsstring(lua.lua_tolstring(L, index));

const push = (L: unknown, value: Value): void => {
  if (value === null) lua.lua_pushboolean(L, false);
  else if (typeof value === 'number') lua.lua_pushinteger(L, value);
  else if (typeof value === 'string') lua.lua_pushstring(L, to_luastring(value));
  else if (!Array.isArray(value)) {
    lua.lua_createtable(L, 0, 1);
    push(L, value.ok);
    lua.lua_setfield(L, -2, to_luastring('ok'));
  } else {
    lua.lua_createtable(L, value.length, 0);
    value.forEach((item, i) => {
      push(L, item);
      lua.lua_rawseti(L, -2, i + 1);
    });
  }
};

/** As Redis converts a reply: numbers lose their fraction, a list ends at the first nil. */
const valueAt = (L: unknown, index: number): Value => {
  const type = lua.lua_type(L, index);
  if (type === lua.LUA_TNUMBER) return Math.trunc(lua.lua_tonumber(L, index));
  if (type === lua.LUA_TSTRING) return textAt(L, index);
  if (type !== lua.LUA_TTABLE) return null;
  const list: Value[] = [];
  for (let i = 1; ; i++) {
    lua.lua_rawgeti(L, index, i);
    const item = valueAt(L, lua.lua_gettop(L));
    lua.lua_settop(L, -2);
    if (item === null) return list;
    list.push(item);
  }
};
