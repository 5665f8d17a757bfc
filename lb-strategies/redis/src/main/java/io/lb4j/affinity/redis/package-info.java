/** An {@link io.lb4j.affinity.AffinityStore} in Redis, for processes that don't share their memory. */
@NullMarked
package io.lb4j.affinity.redis;

import org.jspecify.annotations.NullMarked;
