import java.io.PrintWriter;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * A push consumer that runs until a number of distinct messages came, and writes one JSON line for each delivery. The programs
 * that use it differ in how they subscribe and in what they tell of a message.
 */
final class ConsumerRun {
    final DefaultMQPushConsumer consumer;
    private final int count;
    private final Function<MessageExt, String> line;
    private final PrintWriter out;
    private final Set<String> seen = ConcurrentHashMap.newKeySet();
    private final Set<String> failedOnce = ConcurrentHashMap.newKeySet();
    private final CountDownLatch done = new CountDownLatch(1);

    /** The first arguments of each program: nameServer topic group count output. */
    ConsumerRun(String[] args, Function<MessageExt, String> line) throws Exception {
        this.count = Integer.parseInt(args[3]);
        this.line = line;
        this.out = new PrintWriter(args[4], "UTF-8");
        this.consumer = new DefaultMQPushConsumer(args[2]);
        consumer.setNamesrvAddr(args[0]);
        consumer.setInstanceName("consumer-" + System.nanoTime());
        // The topic of its retries is known only once the broker knows the group.
        consumer.setPollNameServerInterval(1_000);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
    }

    /** True once for every hundredth message: its first delivery is to fail. */
    boolean shouldFail(List<MessageExt> messages) {
        for (MessageExt message : messages) {
            if (Integer.parseInt(message.getUserProperty("seq")) % 100 == 0 && failedOnce.add(message.getKeys())) {
                return true;
            }
        }
        return false;
    }

    void record(List<MessageExt> messages) {
        synchronized (out) {
            for (MessageExt message : messages) {
                out.println(line.apply(message));
                seen.add(message.getUserProperty("seq"));
            }
            out.flush();
            if (seen.size() >= count) {
                done.countDown();
            }
        }
    }

    /** Waits for the messages, and a moment more for what should not come. Exit code 3: some did not come in time. */
    int await(String timeoutSeconds, long momentMs) throws Exception {
        boolean complete = done.await(Long.parseLong(timeoutSeconds), TimeUnit.SECONDS);
        Thread.sleep(momentMs);
        consumer.shutdown();
        synchronized (out) {
            out.close();
        }
        return complete ? 0 : 3;
    }
}
