/** The shipped schemes of discovery URIs: not exported, found as services, needed by nobody. */
@NullMarked
package io.lb4j.discovery.providers;

import org.jspecify.annotations.NullMarked;
