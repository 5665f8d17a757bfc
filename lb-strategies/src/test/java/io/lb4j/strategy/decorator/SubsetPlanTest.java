package io.lb4j.strategy.decorator;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.XxHash64;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Evenness and calm of subsets; {@code main} prints the table in docs/strategies.md. */
@Timeout(120)
final class SubsetPlanTest {
    private static final int STEPS = 30;

    /** The subsets of all clients, by id. */
    private record Fleet(List<String> ids, List<Set<String>> rows, SubsetPlan plan) {
        static Fleet first(List<String> ids, int clients, int size) {
            List<String> sorted = sorted(ids);
            return of(sorted, SubsetPlan.first(sorted, hashes(sorted), clients, size));
        }

        Fleet next(List<String> now, int size) {
            List<String> sorted = sorted(now);
            return of(sorted, plan.next(sorted, hashes(sorted), size));
        }

        private static Fleet of(List<String> ids, SubsetPlan plan) {
            List<Set<String>> rows = new ArrayList<>();
            for (int client = 0; client < plan.clients(); client++) {
                Set<String> row = new HashSet<>();
                for (int each : plan.row(client)) {
                    row.add(ids.get(each));
                }
                rows.add(row);
            }
            return new Fleet(ids, rows, plan);
        }

        double[] spread() {
            int[] loads = new int[ids.size()];
            int sum = 0;
            for (Set<String> row : rows) {
                for (String each : row) {
                    loads[Collections.binarySearch(ids, each)]++;
                    sum++;
                }
            }
            double mean = (double) sum / loads.length;
            return new double[] {
                Arrays.stream(loads).min().orElseThrow() / mean,
                Arrays.stream(loads).max().orElseThrow() / mean
            };
        }

        /** What share of the connections the other fleet has to open. */
        double moved(Fleet to) {
            int moved = 0;
            int all = 0;
            for (int client = 0; client < rows.size(); client++) {
                for (String each : to.rows.get(client)) {
                    moved += rows.get(client).contains(each) ? 0 : 1;
                    all++;
                }
            }
            return (double) moved / all;
        }

        /** Every other client of this fleet as the other fleet has it. */
        Fleet mixedWith(Fleet other, Random random) {
            List<Set<String>> mixed = new ArrayList<>();
            for (int client = 0; client < rows.size(); client++) {
                mixed.add((random.nextBoolean() ? this : other).rows.get(client));
            }
            return new Fleet(ids, mixed, plan);
        }
    }

    private static List<String> ids(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ids.add("10." + random.nextInt(256) + "." + random.nextInt(256) + "." + i % 256 + ":" + (8080 + i / 256));
        }
        return ids;
    }

    private static List<String> sorted(List<String> ids) {
        return ids.stream().sorted().toList();
    }

    private static long[] hashes(List<String> ids) {
        return ids.stream().mapToLong(XxHash64::hash).toArray();
    }

    /** What a row of the table says; churn as a multiple of the least there can be. */
    private record Figures(
            double min,
            double max,
            double firstAdded,
            double added,
            double worstMaxAdded,
            double removed,
            double worstMaxRemoved,
            double tenth,
            double restarted) {}

    private static Figures measure(int clients, int instances, int size, long seed) {
        List<String> all = ids(instances + STEPS, seed);
        Fleet first = Fleet.first(all.subList(0, instances), clients, size);
        double[] spread = first.spread();
        Fleet fleet = first;
        double added = 0;
        double firstAdded = 0;
        double worstAdded = 0;
        for (int i = 1; i <= STEPS; i++) {
            Fleet next = fleet.next(all.subList(0, instances + i), size);
            double churn = fleet.moved(next) * (instances + i);
            firstAdded = i == 1 ? churn : firstAdded;
            added += churn / STEPS;
            worstAdded = Math.max(worstAdded, next.spread()[1]);
            fleet = next;
        }
        Fleet restarted = Fleet.first(fleet.ids, clients, size);
        double mixed = fleet.mixedWith(restarted, new Random(seed)).spread()[1];
        double removed = 0;
        double worstRemoved = 0;
        Random random = new Random(seed);
        for (int i = 0; i < STEPS; i++) {
            List<String> left = new ArrayList<>(fleet.ids);
            left.remove(random.nextInt(left.size()));
            Fleet next = fleet.next(left, size);
            removed += fleet.moved(next) * fleet.ids.size() / STEPS;
            worstRemoved = Math.max(worstRemoved, next.spread()[1]);
            fleet = next;
        }
        int more = instances / 10;
        Fleet larger = first.next(all.subList(0, instances + Math.min(more, STEPS)), size);
        double tenth = first.moved(larger) * (instances + more) / more;
        return new Figures(spread[0], spread[1], firstAdded, added, worstAdded, removed, worstRemoved, tenth, mixed);
    }

    /** An instance replaced by a new one, a thousand times. */
    @Test
    void subsets_afterAThousandReplacements_areEvenAndCloseToAFreshPlan() {
        List<String> all = ids(1300, 5);
        Fleet fleet = Fleet.first(all.subList(0, 300), 300, 30);
        List<String> now = new ArrayList<>(fleet.ids);
        Random random = new Random(5);
        double churn = 0;
        double worst = 0;
        for (int i = 0; i < 1000; i++) {
            now.set(random.nextInt(now.size()), all.get(300 + i));
            Fleet next = fleet.next(now, 30);
            // One that goes and one that comes.
            churn += fleet.moved(next) * 300 / 2 / 1000;
            worst = Math.max(worst, next.spread()[1]);
            fleet = next;
        }
        Fleet restarted = Fleet.first(now, 300, 30);
        assertThat(churn).isLessThanOrEqualTo(1.1);
        assertThat(worst).isLessThanOrEqualTo(1.05);
        assertThat(fleet.moved(restarted)).isLessThan(0.1);
    }

    /** The others go on with the number of clients they were told. */
    @Test
    void subsets_oneClientMore_moveNothingOfTheOthers() {
        List<String> ids = ids(300, 9);
        Fleet before = Fleet.first(ids, 300, 30);
        Fleet after = Fleet.first(ids, 301, 30);
        List<Set<String>> rows = new ArrayList<>(before.rows);
        rows.add(after.rows.get(300));
        assertThat(new Fleet(before.ids, rows, before.plan).spread()[1]).isLessThanOrEqualTo(1.07);
        assertThat(before.moved(after)).isLessThan(0.05);
    }

    @ParameterizedTest
    @CsvSource({"300, 300, 30, 1", "300, 300, 30, 2", "300, 300, 20, 1", "300, 300, 20, 2", "1000, 300, 20, 1"})
    void subsets_instancesComeAndGo_stayEvenAndCalm(int clients, int instances, int size, long seed) {
        Figures figures = measure(clients, instances, size, seed);
        assertThat(figures.max).isLessThanOrEqualTo(1.05);
        assertThat(figures.firstAdded).isLessThanOrEqualTo(1.1);
        assertThat(figures.added).isLessThanOrEqualTo(1.1);
        assertThat(figures.removed).isLessThanOrEqualTo(1.1);
        assertThat(figures.tenth).isLessThanOrEqualTo(1.1);
        assertThat(figures.worstMaxAdded).isLessThanOrEqualTo(1.05 + 1e-9);
        assertThat(figures.worstMaxRemoved).isLessThanOrEqualTo(1.05 + 1e-9);
        assertThat(figures.restarted).isLessThanOrEqualTo(1.16);
    }

    /** gRPC A68's cases and its limits of connections to one instance, which are far above the mean. */
    @ParameterizedTest
    @CsvSource({"100, 100, 5, 15", "100, 100, 25, 40", "100, 10, 5, 65", "500, 10, 5, 600", "2000, 10, 5, 1200"})
    void subsets_ofGrpcsCases_areFarBelowItsLimits(int clients, int instances, int size, int limit) {
        double[] spread = Fleet.first(ids(instances, 7), clients, size).spread();
        double mean = (double) clients * size / instances;
        assertThat(spread[1] * mean).isLessThanOrEqualTo(limit);
        assertThat(spread).containsExactly(new double[] {1, 1}, org.assertj.core.data.Offset.offset(1e-9));
    }

    @Test
    void subsets_ofAnyClient_haveDifferentInstancesAndAsManyAsAsked() {
        Fleet fleet = Fleet.first(ids(97, 3), 41, 7);
        assertThat(fleet.rows).allSatisfy(row -> assertThat(row).hasSize(7));
        Fleet next = fleet.next(ids(60, 3), 7);
        assertThat(next.rows).allSatisfy(row -> assertThat(row).hasSize(7));
        assertThat(next.ids).containsAll(next.rows.get(0));
    }

    public static void main(String[] args) {
        int[][] cases = {{300, 300, 30}, {300, 300, 20}, {1000, 300, 20}, {100, 100, 5}};
        for (int[] each : cases) {
            for (long seed = 1; seed <= 3; seed++) {
                System.out.println(Arrays.toString(each) + " " + measure(each[0], each[1], each[2], seed));
            }
        }
    }
}
