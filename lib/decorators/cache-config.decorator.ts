import { PROPERTY_DEPS_METADATA } from '@nestjs/common/constants.js';
import { bindingSlot } from '../operations/binding.js';
import { configOf, defineConfig } from '../operations/method-record.js';
import type { CacheConfigOptions } from '../operations/operation.js';
import { checkConfig } from './check-options.js';

/**
 * Class-wide settings of the cache decorators; alone it caches nothing. A subclass inherits them, `id`
 * excepted, and may override each.
 */
export function CacheConfig(options: CacheConfigOptions): ClassDecorator {
  const checked = checkConfig(options);
  return (type) => {
    defineConfig(type, checked);
    retarget(type, configOf(type).cache);
  };
}

/** Lets methods that name no cache be injected with the one their class names. */
function retarget(type: object, cache: string | undefined): void {
  if (cache === undefined) return;
  const slot = bindingSlot();
  const properties: { key: PropertyKey; type: unknown }[] = Reflect.getMetadata(PROPERTY_DEPS_METADATA, type) ?? [];
  if (!properties.some(({ key }) => key === slot)) return;
  Reflect.defineMetadata(
    PROPERTY_DEPS_METADATA,
    properties.map((property) => (property.key === slot ? { key: slot, type: bindingSlot(cache) } : property)),
    type,
  );
}
