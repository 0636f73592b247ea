/** Redis' scripts by themselves: Lua in this process, on a few commands, at a clock that a test moves. */

import { hash } from 'node:crypto';
import { createRequire } from 'node:module';

// It has no types of its own; what is used here is the C interface of Lua, name by name.
// biome-ignore lint/suspicious/noExplicitAny: see above
const { lua, lauxlib, lualib, to_luastring, to_jsstring } = createRequire(import.meta.url)('fengari') as any;

type Value = string | number | null | Value[];

/** What the scripts of the window need of Redis' data. */
export class Store {
  readonly #values = new Map<string, string>();
  readonly #nowUs: () => number;

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs;
  }

  flush(): void {
    this.#values.clear();
  }

  call(command: string, key: string, ...args: string[]): Value {
    switch (command) {
      case 'TIME':
        return [String(Math.floor(this.#nowUs() / 1e6)), String(Math.floor(this.#nowUs() % 1e6))];
      case 'PEXPIRE':
        return 1;
      case 'GET':
        return this.#values.get(key) ?? null;
      case 'SET':
        this.#values.set(key, args[0]!);
        return 1;
      default:
        throw new Error(`${command} is not among the commands that are modelled`);
    }
  }
}

/** Runs scripts on a store, as EVAL would. */
export class LuaRedis {
  readonly #state = lauxlib.luaL_newstate();
  readonly #compiled = new Map<string, number>();

  constructor(store: Store) {
    const L = this.#state;
    lualib.luaL_openlibs(L);
    const call = (args: string[]): Value => {
      const [command = '', key = '', ...rest] = args;
      return store.call(command, key, ...rest);
    };
    library(L, 'redis', {
      call: () => push(L, call(textsOf(L))),
      pcall: () => push(L, call(textsOf(L))),
      sha1hex: () => push(L, hash('sha1', textAt(L, 1))),
    });
    library(L, 'cjson', {
      encode: () => push(L, JSON.stringify(jsonAt(L, 1))),
      decode: () => pushJson(L, JSON.parse(textAt(L, 1))),
    });
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

const textsOf = (L: unknown): string[] =>
  Array.from({ length: lua.lua_gettop(L) }, (_, i) => textAt(L, i + 1));

const library = (L: unknown, name: string, functions: Readonly<Record<string, () => void>>): void => {
  lua.lua_createtable(L, 0, 1);
  for (const [field, run] of Object.entries(functions)) {
    lua.lua_pushcfunction(L, () => {
      run();
      return 1;
    });
    lua.lua_setfield(L, -2, to_luastring(field));
  }
  lua.lua_setglobal(L, to_luastring(name));
};

const push = (L: unknown, value: Value): void => {
  if (value === null) lua.lua_pushboolean(L, false);
  else if (typeof value === 'number') lua.lua_pushinteger(L, value);
  else if (typeof value === 'string') lua.lua_pushstring(L, to_luastring(value));
  else {
    lua.lua_createtable(L, value.length, 0);
    value.forEach((item, i) => {
      push(L, item);
      lua.lua_rawseti(L, -2, i + 1);
    });
  }
};

/** As cjson reads: every number is a floating-point one, and lists and records are tables. */
const pushJson = (L: unknown, value: unknown): void => {
  if (typeof value === 'number') lua.lua_pushnumber(L, value);
  else if (typeof value === 'boolean') lua.lua_pushboolean(L, value);
  else if (typeof value === 'string') lua.lua_pushstring(L, to_luastring(value));
  else if (value === null) lua.lua_pushlightuserdata(L, null);
  else {
    const fields = Array.isArray(value)
      ? value.map((item, i) => [i + 1, item])
      : Object.entries(value as object);
    lua.lua_createtable(L, 0, fields.length);
    for (const [field, item] of fields) {
      if (typeof field === 'number') lua.lua_pushnumber(L, field);
      else lua.lua_pushstring(L, to_luastring(field));
      pushJson(L, item);
      lua.lua_rawset(L, -3);
    }
  }
};

/** As cjson writes: fourteen digits of a number, and an empty table as a record. */
const jsonAt = (L: unknown, index: number): unknown => {
  switch (lua.lua_type(L, index)) {
    case lua.LUA_TNUMBER: {
      const number = lua.lua_tonumber(L, index);
      if (!Number.isFinite(number)) throw new Error('cannot serialise number: must not be NaN or Inf');
      return Number(number.toPrecision(14));
    }
    case lua.LUA_TBOOLEAN:
      return lua.lua_toboolean(L, index);
    case lua.LUA_TSTRING:
      return textAt(L, index);
    case lua.LUA_TTABLE: {
      const table = lua.lua_absindex(L, index);
      const [list, record]: [unknown[], Record<string, unknown>] = [[], {}];
      lua.lua_pushnil(L);
      while (lua.lua_next(L, table)) {
        const value = jsonAt(L, -1);
        if (lua.lua_type(L, -2) === lua.LUA_TNUMBER) list[lua.lua_tonumber(L, -2) - 1] = value;
        else record[textAt(L, -2)] = value;
        lua.lua_pop(L, 1);
      }
      return list.length > 0 ? list : record;
    }
    default:
      return null;
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
