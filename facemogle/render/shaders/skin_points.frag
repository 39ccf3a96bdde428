// Where the skin is seen: what shading it needs, to be read by points.glsl.
layout(location = 0) out vec4 out_place;
layout(location = 1) out vec4 out_normal;
layout(location = 2) out vec4 out_marks;
layout(location = 3) out vec4 out_average;
void main() {
  out_place = vec4(place, 1.);
  out_normal = vec4(normal, traits.z);
  out_marks = vec4(uv, stain);
  out_average = vec4(rest, clamp(traits.x, 0., .99) + step(.5, traits.y));
}
