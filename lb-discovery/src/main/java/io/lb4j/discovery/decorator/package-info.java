/**
 * What can be put over any source of instances: other names, a choice among them, fewer changes, several sources as one, a
 * memory that outlives the process, and a guard against addresses that no registry should name.
 */
@NullMarked
package io.lb4j.discovery.decorator;

import org.jspecify.annotations.NullMarked;
