/**
 * What several packages of this module need and nobody else may: not exported. Knows none of them.
 */
@NullMarked
package io.lb4j.internal;

import org.jspecify.annotations.NullMarked;
