package io.lb4j.simulator;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Who does how well over all scenarios. An algorithm's time in a scenario is the geometric mean of its mean time and its 99th percentile,
 * so that both the common and the late call count; it is compared with the best one's. Who loses more than 0.1 points more calls
 * than the one that loses fewest comes after all who don't, since losing calls makes those that are left quick.
 */
final class League {
    private static final double LOST = 0.001;
    private static final double EQUAL = 1.01;

    /** For readers of its table. */
    static final String RULES =
            "Time is the geometric mean of mean and 99th percentile, and time / best the geometric mean over the"
                    + " scenarios in which an algorithm loses no calls: those in which it does are left out of it. Who loses more than"
                    + " 0.1 points more calls than the best comes after all who don't. Within 1 % of the best is as good as it.";

    private final Map<String, Map<String, Cell>> cells = new LinkedHashMap<>();
    private final Map<String, List<String>> winners = new LinkedHashMap<>();

    /**
     * An algorithm in a scenario.
     *
     * @param ratio its time in terms of the best one's among those that lose no calls; below 1 for bounds
     * @param lost calls lost beyond those that the best loses, as a share; 0 if it counts as none
     * @param rank 1 for the best and all within 1 % of it
     */
    record Cell(double ratio, double lost, int rank) {}

    /**
     * An algorithm over all scenarios.
     *
     * @param rank its rank, on average
     * @param wins scenarios in which it is the best or within 1 % of it
     * @param ratio geometric mean of its ratios where it loses no calls
     * @param worst the greatest of those
     * @param worstIn where that is
     * @param losses scenarios in which it loses calls that others don't
     * @param lost the greatest share it loses
     * @param lostIn where that is
     */
    record Row(
            String algorithm,
            double rank,
            int wins,
            double ratio,
            double worst,
            String worstIn,
            int losses,
            double lost,
            String lostIn) {}

    private League() {}

    static League of(Map<String, List<Result>> byScenario) {
        League league = new League();
        byScenario.forEach(league::add);
        return league;
    }

    static double time(Result result) {
        return Math.sqrt((double) result.mean().toNanos() * result.p99().toNanos());
    }

    private void add(String scenario, List<Result> all) {
        List<Result> rivals = all.stream().filter(result -> !result.bound()).toList();
        List<Result> judges = rivals.isEmpty() ? all : rivals;
        double success = judges.stream().mapToDouble(Result::success).max().orElse(1);
        double best = judges.stream()
                .filter(result -> success - result.success() <= LOST)
                .mapToDouble(League::time)
                .min()
                .orElse(1);
        List<String> first = new ArrayList<>();
        for (Result result : all) {
            double ratio = best == 0 ? 1 : time(result) / best;
            double lost = success - result.success();
            int rank = 1
                    + (int) rivals.stream()
                            .filter(other -> beats(other, result, success))
                            .count();
            cells.computeIfAbsent(result.algorithm(), name -> new LinkedHashMap<>())
                    .put(scenario, new Cell(ratio, lost > LOST ? lost : 0, result.bound() ? 0 : rank));
            if (rank == 1 && !result.bound()) {
                first.add(result.algorithm());
            }
        }
        winners.put(scenario, first);
    }

    private static boolean beats(Result one, Result other, double success) {
        boolean oneLoses = success - one.success() > LOST;
        boolean otherLoses = success - other.success() > LOST;
        if (oneLoses || otherLoses) {
            return one.success() - other.success() > LOST;
        }
        return time(one) * EQUAL < time(other);
    }

    List<String> winners(String scenario) {
        return winners.getOrDefault(scenario, List.of());
    }

    /** Of an algorithm that was in this scenario. */
    Cell cell(String algorithm, String scenario) {
        Cell cell = cells.getOrDefault(algorithm, Map.of()).get(scenario);
        return cell == null ? new Cell(Double.NaN, 0, 0) : cell;
    }

    /** Rivals first, by rank. Bounds, which win everything, come last and without rank. */
    List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        cells.forEach((algorithm, in) -> rows.add(row(algorithm, in)));
        rows.sort(Comparator.comparing((Row row) -> row.rank() == 0).thenComparingDouble(Row::rank));
        return rows;
    }

    private static Row row(String algorithm, Map<String, Cell> in) {
        double logs = 0;
        int whole = 0;
        double worst = 0;
        String worstIn = "";
        double lost = 0;
        String lostIn = "";
        for (Map.Entry<String, Cell> each : in.entrySet()) {
            Cell cell = each.getValue();
            if (cell.lost() > lost) {
                lost = cell.lost();
                lostIn = each.getKey();
            }
            if (cell.lost() == 0) {
                whole++;
                logs += Math.log(Math.max(1e-9, cell.ratio()));
                if (cell.ratio() > worst) {
                    worst = cell.ratio();
                    worstIn = each.getKey();
                }
            }
        }
        return new Row(
                algorithm,
                in.values().stream().mapToInt(Cell::rank).average().orElse(0),
                (int) in.values().stream().filter(cell -> cell.rank() == 1).count(),
                whole == 0 ? Double.NaN : Math.exp(logs / whole),
                worst,
                worstIn,
                in.size() - whole,
                lost,
                lostIn);
    }
}
