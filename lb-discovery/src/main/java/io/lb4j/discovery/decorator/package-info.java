/**
 * What can be put over any source of instances: other names, and what this package grows to have besides.
 */
@NullMarked
package io.lb4j.discovery.decorator;

import org.jspecify.annotations.NullMarked;
