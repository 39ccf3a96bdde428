// Skin, pixel by pixel. traits: ear, neck, openness to the sky. stain: hair of the scalp, beard.
// options: pores, age, freckles, shine.
uniform sampler2D image2, regions, paint, pores;
uniform vec4 window;
uniform float mixture;
uniform vec3 gain, hair_color, beard_color;
uniform vec4 lipstick, eyeshadow;
uniform float blush;
uniform vec2 parting;  // where hair is parted, to the left; half its width
uniform float texture_step;  // texture coordinates a pixel

vec2 noise_of(vec2 at, float turns) {
  return textureLod(noise, at * turns, max(0., log2(256. * turns * texture_step) - 1.)).rg;
}

vec2 noise_at(float turns) { return noise_of(uv, turns); }

// Depth of pores, and relief. Two layers, turned and of unlike size, hide that a texture repeats.
vec2 close_up() {
  float pixel = log2(512. * texture_step) - 1.;
  vec2 first = textureLod(pores, mat2(.83, .56, -.56, .83) * uv * 17., max(0., pixel + 4.09)).rg;
  vec2 second = textureLod(pores, mat2(.31, -.95, .95, .31) * uv * 12.7, max(0., pixel + 3.67)).rg;
  return vec2(max(first.r, .8 * second.r), (first.g + second.g) * .5);
}

void main() {
  look_up();
  vec3 to_eye = normalize(eye - place), n = normalize(normal);
  // A blurred texture is the base; pores, spots and wrinkles are made here.
  vec3 albedo = linear(mix(textureLod(image, uv, 0.).rgb, textureLod(image2, uv, 0.).rgb, mixture)) * gain;
  float y = 1. - uv.y;
  vec2 f = vec2((uv.x - window.x) / (window.y - window.x), (y - window.z) / (window.w - window.z));
  bool facial = f.x > 0. && f.x < 1. && f.y > 0. && f.y < 1.;
  vec4 region = facial ? textureLod(regions, f, 0.) : vec4(0., 0., 0., .5);
  vec4 make_up = facial ? textureLod(paint, f, 0.) : vec4(0.);
  bool cavity = uv.x > .745 && uv.x < .945 && y > .856;
  bool socket = uv.x < .158 && y > .355 && y < .462;

  float label = traits.y > .5 ? 17. : 1.;
  if (region.r > .5) label = 2.;
  if (traits.x > .26) label = rest.x > 0. ? 8. : 9.;
  if (max(region.g, region.b) > .44) label = uv.x > .9092 ? 12. : 11.;
  float lip = smoothstep(.36, .64, max(region.g, region.b));
  float open = 1.;
  if (cavity) {
    if (y > .964) {
      label = rest.y > 6.685 ? 11. : 12.;
      lip = 1.;
      albedo = linear(vec3(.66, .36, .34)) * gain;
    } else {
      label = 10.;
      albedo = vec3(.10, .012, .012);
      open = .35;
    }
  }
  if (socket) {
    label = rest.x > 0. ? 4. : 5.;
    albedo *= .5;
  }

  // The mesh has but a dent where a nostril is, and its back wall faces the camera.
  vec2 hole = (vec2(uv.x, abs(y - .517)) - vec2(.8793, .0086)) / vec2(.0019, .0026);
  float nostril = 1. - smoothstep(.5, 1.15, length(hole));
  albedo *= mix(vec3(1.), vec3(.16, .08, .07), nostril);
  open *= 1. - .8 * nostril;

  vec2 fine = .5 + .7 * (noise_at(41.) + noise_of(mat2(.83, .56, -.56, .83) * uv, 33.7) - 1.);
  vec2 middle = noise_at(11.);
  vec2 wide = noise_at(3.1);
  albedo *= mix(vec3(1.), vec3(1.04, .93, .92), (wide.r - .5) * 1.2) * (.93 + .14 * middle.r);
  float spots = smoothstep(.69, .80, noise_at(17.).g) * make_up.b;
  albedo *= mix(vec3(1.), vec3(.62, .47, .38), spots * options.z);
  albedo *= mix(vec3(1.), vec3(.80, .70, .64), smoothstep(.72, .85, wide.g * .6 + middle.g * .4) *
                max(options.y - .5, 0.) * 1.4);  // age spots
  albedo *= mix(vec3(1.), vec3(.90, .84, .84), make_up.a * .5 * options.y);
  albedo = mix(albedo, albedo * vec3(1.06, .66, .64), make_up.r * blush);
  float luminance = dot(albedo, vec3(.3, .5, .2)) / max(.02, dot(gain, vec3(.3, .5, .2)));
  albedo = mix(albedo, linear(lipstick.rgb) * (.55 + 1.4 * luminance), lipstick.a * lip);
  albedo = mix(albedo, linear(eyeshadow.rgb), make_up.g * eyeshadow.a);
  float fur = cavity ? 0. : stain.y * (1. - lip);
  albedo = mix(albedo, beard_color * (.6 + .8 * fine.r), clamp(fur * (.8 + .4 * middle.r), 0., .9));
  float scalp = smoothstep(.1, .8, stain.x + .3 * (fine.r - .5));
  float off = abs(rest.x - parting.x * smoothstep(-.2, .4, rest.z)) + .012 * (middle.g - .5);
  scalp *= mix(.2, 1., smoothstep(.2, 1.5, off / max(parting.y, 1e-5) + step(rest.z, .1)));
  albedo = mix(albedo, hair_color * .6 * (.75 + .5 * fine.g), scalp * options.w);
  if (scalp * options.w > .5) label = 13.;

  float wrinkle = (region.a - .5) * .05 * options.y + (lip > .5 ? .004 * (middle.g - .5) : 0.);
  // Most pores are on the nose and beside it, fewer on the forehead, few along the jaw.
  vec2 near = close_up();
  float porous = options.x * (.35 + .65 * make_up.b) * (.6 + .8 * wide.g) * (1. - lip);
  albedo *= 1. - vec3(.28, .38, .41) * porous * near.r;
  float height = .0034 * (fine.r - .5) + .006 * (middle.r - .5) * options.y + wrinkle;
  height += options.x * .0038 * (near.g - .5) - .005 * porous * near.r;
  vec3 dx = dFdx(place), dy = dFdy(place), a = cross(dy, n), b = cross(n, dx);
  float area = dot(dx, a);
  n = normalize(abs(area) * n - sign(area) * (dFdx(height) * a + dFdy(height) * b));

  float light = lit(8);  // twice as many, for half as many shadings
  // Red light travels farthest under the skin: it bends round the edge of a shadow.
  vec3 under = mix(vec3(light), vec3(1.), vec3(.16, .05, .03));
  vec3 bent = wrapped(dot(n, key_direction), vec3(.46, .27, .2));
  vec3 color = albedo * (soft * open + key_color * bent * under);
  float grazing = pow(1. - max(dot(n, to_eye), 0.), 5.);
  float shine = (.028 + .35 * grazing) * (1. - .85 * max(scalp, fur)) * open;
  shine *= (.4 + 1.2 * near.g) * (1. - .7 * porous * near.r);
  shine *= (1. + 1.4 * lip * (.4 + lipstick.a)) * (cavity ? 2. : 1.);
  float lobes = .7 * highlight(n, to_eye, key_direction, 9.) +
                .22 * highlight(n, to_eye, key_direction, 38.);
  color += key_color * light * shine * lobes;
  color += rim_color * shine * .7 * highlight(n, to_eye, rim_direction, 8.) * traits.z;
  color += fill_color * shine * .6 * highlight(n, to_eye, fill_direction, 10.) * traits.z;
  write(color, label);
}
