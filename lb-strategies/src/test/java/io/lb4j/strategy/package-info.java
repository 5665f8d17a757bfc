/** Tests of the strategies, most of them through the balancer that ships. */
@NullMarked
package io.lb4j.strategy;

import org.jspecify.annotations.NullMarked;
