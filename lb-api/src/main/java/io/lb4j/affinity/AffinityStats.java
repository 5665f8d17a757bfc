package io.lb4j.affinity;

/**
 * What became of a service's calls with a key so far, for metrics. Counted from the start, never reset.
 *
 * @param remembered calls whose instance this process knew
 * @param asked times the store was asked
 * @param moved keys that this process moved away from an instance that had died
 * @param guests calls served by another instance because their own was alive but had no room, asked to be left alone, or
 *     answered that it failed; their keys stayed where they were
 * @param unasked calls that went without the store's word, because it failed, was too slow, or had failed shortly before
 * @param failures times the store failed, answered too late, or had an entry that can't be used
 */
public record AffinityStats(long remembered, long asked, long moved, long guests, long unasked, long failures) {}
