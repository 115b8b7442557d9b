import java.nio.charset.StandardCharsets;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyContext;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Sends one message for each word and consumes them; the word says what becomes of it. dead: fails always; late: fails once, and
 * is wanted again at level 2; refused: fails, and is wanted no more; back: is given back once, at level 1; other words are
 * consumed. Prints one JSON line for each delivery.
 * Arguments: nameServer topic group mode (concurrent | orderly) maxReconsumeTimes deliveries words...
 */
public class Retries {
    private static final long WAIT_SECONDS = 60;
    /** What should not come has this time. */
    private static final long MOMENT_MS = 2_500;

    static int run(String[] args) throws Exception {
        DefaultMQProducer producer = Producers.start(args[0], args[2] + "-producer");
        for (int i = 6; i < args.length; i++) {
            Message message = new Message(args[1], "Tag-" + args[i], "key-" + args[i], args[i].getBytes(StandardCharsets.UTF_8));
            message.putUserProperty("colour", "blue");
            message.setFlag(7);
            System.out.println(Json.line("sent", args[i], "msgId", producer.send(message).getMsgId()));
        }
        producer.shutdown();
        CountDownLatch deliveries = new CountDownLatch(Integer.parseInt(args[5]));
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(args[2]);
        consumer.setNamesrvAddr(args[0]);
        consumer.setInstanceName("retries-" + System.nanoTime());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setPollNameServerInterval(1_000);
        consumer.setMaxReconsumeTimes(Integer.parseInt(args[4]));
        consumer.setSuspendCurrentQueueTimeMillis(100);
        consumer.subscribe(args[1], "*");
        if (args[3].equals("orderly")) {
            consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
                String word = told(messages.get(0));
                deliveries.countDown();
                return word.equals("dead")
                    ? ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT : ConsumeOrderlyStatus.SUCCESS;
            });
        } else {
            ConcurrentHashMap.KeySetView<String, Boolean> seen = ConcurrentHashMap.newKeySet();
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
                MessageExt message = messages.get(0);
                String word = told(message);
                ConsumeConcurrentlyStatus status = judge(consumer, message, context, word, seen.add(word));
                deliveries.countDown();
                return status;
            });
        }
        consumer.start();
        boolean all = deliveries.await(WAIT_SECONDS, TimeUnit.SECONDS);
        Thread.sleep(MOMENT_MS);
        consumer.shutdown();
        return all ? 0 : 3;
    }

    private static ConsumeConcurrentlyStatus judge(DefaultMQPushConsumer consumer, MessageExt message,
        ConsumeConcurrentlyContext context, String word, boolean isFirst) {
        switch (word) {
            case "dead":
                return ConsumeConcurrentlyStatus.RECONSUME_LATER;
            case "refused":
                context.setDelayLevelWhenNextConsume(-1);
                return ConsumeConcurrentlyStatus.RECONSUME_LATER;
            case "late":
                context.setDelayLevelWhenNextConsume(2);
                return isFirst ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            case "back":
                if (isFirst) {
                    giveBack(consumer, message);
                }
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            default:
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        }
    }

    private static void giveBack(DefaultMQPushConsumer consumer, MessageExt message) {
        try {
            consumer.sendMessageBack(message, 1);
        } catch (Exception problem) {
            throw new IllegalStateException(problem);
        }
    }

    /** Tells of a delivery; returns the word. */
    private static String told(MessageExt message) {
        String word = new String(message.getBody(), StandardCharsets.UTF_8);
        System.out.println(Json.line("word", word, "times", message.getReconsumeTimes(), "topic", message.getTopic(),
            "msgId", message.getMsgId(), "cameMs", System.currentTimeMillis()));
        return word;
    }
}
