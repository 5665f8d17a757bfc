package io.lb4j.discovery.dns;

import java.util.List;
import java.util.stream.Stream;
import org.xbill.DNS.Record;

/**
 * What DNS said of one name.
 *
 * @param records what was asked for, empty unless the outcome is {@link Outcome#FOUND}
 * @param additional what came with it unasked
 * @param ttlSeconds how long it holds: the shortest of the time to live of everything that led there
 */
record DnsAnswer(Outcome outcome, List<Record> records, List<Record> additional, long ttlSeconds) {
    enum Outcome {
        /** There are records. */
        FOUND,
        /** The name exists and has none of the kind that was asked for. */
        NO_DATA,
        /** The name doesn't exist. */
        NO_NAME
    }

    /** Both; a name that one of them knows exists. */
    DnsAnswer with(DnsAnswer other) {
        return new DnsAnswer(
                outcome.compareTo(other.outcome) <= 0 ? outcome : other.outcome,
                Stream.concat(records.stream(), other.records.stream()).toList(),
                Stream.concat(additional.stream(), other.additional.stream()).toList(),
                Math.min(ttlSeconds, other.ttlSeconds));
    }
}
