package io.lb4j.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.lb4j.strategy.AffinityFigures.Row;
import io.lb4j.testing.ChiSquare;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The figures of docs/strategies.md: computed, held against theory, and compared with what the document says. To write
 * them there, run this test with {@code -Dlb4j.docs.write=true}.
 */
@Timeout(120)
final class AffinityFiguresTest {
    private static final Path DOCS = Path.of("../docs/strategies.md");
    private static final String BEGIN = "<!-- affinity:begin -->\n";
    private static final String END = "<!-- affinity:end -->\n";

    private static final Map<String, Row> ROWS = new LinkedHashMap<>();
    private static final Map<String, String> PUBLISHED = new LinkedHashMap<>();

    @BeforeAll
    static void compute() {
        add(
                "`ringHash()`",
                AffinityFigures.of(
                        Strategies.ringHash(),
                        n -> Evenness.of(
                                new HashRing(
                                        AffinityFigures.hosts(n),
                                        HashRing.counts(Rig.equal(n), RingHash.DEFAULT_MIN_SIZE, RingHash.MAX_SIZE)),
                                n),
                        false),
                "");
        add("`ringHash(100)`", ring(100), "deviation 10 % (Lamping, Veach)");
        add("`ringHash(1000)`", ring(1000), "deviation 3.2 % (Lamping, Veach)");
        add(
                "`maglev()`",
                maglev(Maglev.DEFAULT_SIZE),
                "\"almost perfect\"; a ring of as many hashes 1.297, rendezvous 1.495 at n = 1000 (Eisenbud)");
        add("`maglev(655373)`", maglev(655_373), "the others 1.103 and 1.123 at n = 1000 (Eisenbud)");
        add(
                "`rendezvous()`",
                AffinityFigures.of(
                        Strategies.rendezvous(), n -> AffinityFigures.counted(Strategies.rendezvous(), n), false),
                "exact");
        add(
                "`multiProbe()`",
                AffinityFigures.of(
                        Strategies.multiProbe(),
                        n -> Evenness.of(
                                (MultiProbe.Nearest)
                                        Homes.of(Strategies.multiProbe(), Rig.instances(Rig.equal(n))).order,
                                n),
                        false),
                "at most 1.05 (Appleton, O'Reilly)");
        add("`jumpHash()`, ejected", jump(true), "exact (Lamping, Veach)");
        add("`jumpHash()`, no longer listed", jump(false), "");
    }

    private static void add(String name, Row row, String published) {
        ROWS.put(name, row);
        PUBLISHED.put(name, published);
    }

    private static Row ring(int each) {
        return AffinityFigures.of(Strategies.ringHash(each), n -> Evenness.of(AffinityFigures.ring(n, each), n), false);
    }

    private static Row maglev(int size) {
        return AffinityFigures.of(
                Strategies.maglev(size),
                n -> Evenness.of(new MaglevTable(AffinityFigures.hosts(n), Rig.equal(n), size), n),
                false);
    }

    private static Row jump(boolean ejected) {
        return AffinityFigures.of(
                Strategies.jumpHash(), n -> AffinityFigures.counted(Strategies.jumpHash(), n), ejected);
    }

    @Test
    void document_asComputed_saysTheSame() throws IOException {
        String text = Files.readString(DOCS);
        int from = text.indexOf(BEGIN) + BEGIN.length();
        int to = text.indexOf(END);
        assertThat(from).isBetween(BEGIN.length(), to);
        String computed = table();
        if (Boolean.getBoolean("lb4j.docs.write")) {
            Files.writeString(DOCS, text.substring(0, from) + computed + text.substring(to));
        } else {
            assertThat(text.substring(from, to)).isEqualTo(computed);
        }
    }

    @Test
    void rings_deviation_isTheRootOfTheirHashes() {
        for (int each : new int[] {100, 1000}) {
            for (Evenness even : row("`ringHash(" + each + ")`").even().subList(1, 3)) {
                assertThat(even.deviation() * Math.sqrt(each)).isCloseTo(1, within(0.25));
            }
        }
        // The default has as many hashes for a thousand instances as for ten.
        assertThat(row("`ringHash()`").even().get(0).deviation() * Math.sqrt(103))
                .isCloseTo(1, within(0.5));
        assertThat(row("`ringHash()`").even().get(2).deviation() * Math.sqrt(2)).isCloseTo(1, within(0.25));
        assertStill("`ringHash(100)`");
        assertStill("`ringHash(1000)`");
    }

    @Test
    void maglev_sharesAndMoves_areThePapers() {
        // A thousand instances have 65 or 66 slots each, of 65,537.
        assertThat(row("`maglev()`").even().get(2).most()).isEqualTo(66 / 65.537, within(1e-9));
        assertThat(row("`maglev(655373)`").even().get(2).most()).isEqualTo(656 / 655.373, within(1e-9));
        assertThat(row("`maglev()`").oneGone()).allMatch(moved -> moved < 0.02);
        assertThat(row("`maglev()`").percentGone()).isLessThan(0.04);
        assertThat(row("`maglev()`").tenthGone()).isLessThan(0.05);
        assertThat(row("`maglev(655373)`").tenthGone()).isLessThan(0.02);
    }

    @Test
    void multiProbe_shares_areAsThePaperProvesAndAsKeysAreFound() {
        for (Evenness even : row("`multiProbe()`").even()) {
            assertThat(even.most()).isLessThan(1 + 1.0 / (MultiProbe.DEFAULT_PROBES - 1));
            // sqrt(1 / (hashes * (2 * probes + 1)))
            assertThat(even.deviation() * Math.sqrt(32 * 43)).isCloseTo(1, within(0.45));
        }
        assertStill("`multiProbe()`");
        int n = 100;
        Homes homes = Homes.of(Strategies.multiProbe(), Rig.instances(Rig.equal(n)));
        MultiProbe.Nearest nearest = (MultiProbe.Nearest) homes.order;
        // By position in the order, which is that of the host names.
        long[] counts = new long[n];
        for (long key : Homes.keys(1_000_000)) {
            counts[homes.order.first(key)]++;
        }
        assertThat(ChiSquare.excess(counts, Evenness.shares(nearest.ring(), n, nearest.probes())))
                .isLessThan(1);
    }

    @Test
    void exactAffinities_deviation_isThatOfChance() {
        for (String name : List.of("`rendezvous()`", "`jumpHash()`, ejected")) {
            for (int i = 0; i < AffinityFigures.SIZES.length; i++) {
                double chance = Math.sqrt((double) AffinityFigures.SIZES[i] / AffinityFigures.KEYS[i]);
                assertThat(row(name).even().get(i).deviation() / chance).isCloseTo(1, within(i == 0 ? 0.9 : 0.3));
            }
            assertStill(name);
        }
    }

    /** Why no such strategy is among those that come with the library. */
    @Test
    void anchorHash_removalsInAnotherOrder_placeKeysElsewhere() {
        assertThat(AffinityFigures.anchor(1000).deviation()).isCloseTo(Math.sqrt(1e-3), within(0.01));
        assertThat(AffinityFigures.anchorsDisagreement(1000, 1)).isZero();
        assertThat(AffinityFigures.anchorsDisagreement(1000, 100)).isCloseTo(0.099, within(5e-4));
        assertThat(AffinityFigures.anchorsMovesInOrder(1000, 100)).isCloseTo(0.055, within(5e-4));
    }

    private static void assertStill(String name) {
        Row row = row(name);
        assertThat(row.oneGone()).containsOnly(0.0);
        assertThat(List.of(row.percentGone(), row.tenthGone(), row.oneMore())).containsOnly(0.0);
    }

    private static Row row(String name) {
        return ROWS.get(name);
    }

    static String table() {
        List<String> lines = new ArrayList<>();
        lines.add("| n = 10 / 100 / 1000 | largest share / mean | relative standard deviation, % |"
                + " one gone: others' keys moved, % | n = 1000: 1 % gone"
                + " | 10 % gone | one more | published |");
        lines.add("|---|---|---|---|---|---|---|---|");
        ROWS.forEach((name, row) -> lines.add("| " + name + " | "
                + row.even().stream().map(each -> format("%.4f", each.most())).collect(Collectors.joining(" / "))
                + " | "
                + row.even().stream()
                        .map(each -> format("%.2f", 100 * each.deviation()))
                        .collect(Collectors.joining(" / "))
                + " | "
                + row.oneGone().stream().map(AffinityFiguresTest::percent).collect(Collectors.joining(" / "))
                + " | " + percent(row.percentGone()) + " | " + percent(row.tenthGone()) + " | "
                + percent(row.oneMore()) + " | " + PUBLISHED.get(name) + " |"));
        return String.join("\n", lines) + "\n";
    }

    private static String percent(double share) {
        return share == 0 ? "0" : format("%.2f", 100 * share);
    }

    private static String format(String pattern, double value) {
        return String.format(Locale.ROOT, pattern, value);
    }
}
