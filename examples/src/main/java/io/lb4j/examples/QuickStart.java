package io.lb4j.examples;

import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.okhttp.LoadBalancedClient;
import java.util.Map;
import java.util.TreeMap;
import okhttp3.Request;
import okhttp3.Response;

/**
 * The shortest way in: a fixed list of instances, and calls to the service by its name. One of the servers then stops,
 * which no caller notices.
 */
public final class QuickStart {
    private QuickStart() {}

    /** Makes 300 calls; fails unless all are answered and all servers share them. */
    public static void main(String... arguments) throws Exception {
        try (AppServer one = AppServer.start("one");
                AppServer two = AppServer.start("two");
                AppServer three = AppServer.start("three");
                StaticDiscovery discovery = StaticDiscovery.of(
                        "orders",
                        one.instance().authority(),
                        two.instance().authority(),
                        three.instance().authority());
                LoadBalancedClient client =
                        LoadBalancedClient.builder().discovery(discovery).build()) {
            Request request =
                    new Request.Builder().url("http://orders/greeting").build();

            Map<String, Integer> answers = new TreeMap<>();
            for (int i = 0; i < 300; i++) {
                if (i == 150) {
                    three.stop();
                }
                try (Response response = client.newCall(request).execute()) {
                    answers.merge(response.body().string(), 1, Integer::sum);
                }
            }

            System.out.println("300 calls to http://orders/greeting, three stopped after 150: " + answers);
            if (answers.size() != 3
                    || answers.values().stream().mapToInt(n -> n).sum() != 300) {
                throw new AssertionError("not every call was answered, or not by every server: " + answers);
            }
        }
    }
}
